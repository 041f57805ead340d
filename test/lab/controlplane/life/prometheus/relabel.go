package prometheus

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// relabeling is one rule as the custom resources write it.
type relabeling struct {
	SourceLabels []string `json:"sourceLabels"`
	Separator    *string  `json:"separator"`
	TargetLabel  string   `json:"targetLabel"`
	Regex        string   `json:"regex"`
	Modulus      int64    `json:"modulus"`
	Replacement  *string  `json:"replacement"`
	Action       string   `json:"action"`
}

// item is a mapping of Prometheus' configuration.
type item = map[string]any

// config is the rule as Prometheus reads it.
func (r relabeling) config() item {
	out := item{}
	if len(r.SourceLabels) > 0 {
		out["source_labels"] = r.SourceLabels
	}
	if r.Separator != nil {
		out["separator"] = *r.Separator
	}
	if r.TargetLabel != "" {
		out["target_label"] = r.TargetLabel
	}
	if r.Regex != "" {
		out["regex"] = r.Regex
	}
	if r.Modulus != 0 {
		out["modulus"] = r.Modulus
	}
	if r.Replacement != nil {
		out["replacement"] = *r.Replacement
	}
	if r.Action != "" {
		out["action"] = strings.ToLower(r.Action)
	}
	return out
}

func configs(rules []relabeling) []item {
	var out []item
	for _, r := range rules {
		out = append(out, r.config())
	}
	return out
}

// meta is the label under which discovery tells something of Kubernetes.
func meta(what string) string { return "__meta_kubernetes_" + what }

func keep(regex any, sources ...string) item {
	return item{"action": "keep", "source_labels": sources, "regex": regex}
}

func drop(regex any, sources ...string) item {
	return item{"action": "drop", "source_labels": sources, "regex": regex}
}

// copied gives a target the label that discovery found, also when that is empty.
func copied(source, target string) item {
	return item{"source_labels": []string{source}, "target_label": target}
}

// copiedIfAny leaves the target's label alone when discovery found nothing.
func copiedIfAny(source, target string) item {
	return item{"source_labels": []string{source}, "target_label": target, "regex": "(.+)", "replacement": "${1}"}
}

func set(target, value string) item { return item{"target_label": target, "replacement": value} }

// selected keeps the pods or the services ("pod", "service") that a selector chooses
// (prometheus-operator:pkg/prometheus/promcfg.go@v0.93.0, generatePodMonitorConfig and generateServiceMonitorConfig).
func selected(of string, selector metav1.LabelSelector) []item {
	var out []item
	label := func(name string) string { return meta(of + "_label_" + sanitized(name)) }
	present := func(name string) string { return meta(of + "_labelpresent_" + sanitized(name)) }
	for _, name := range slices.Sorted(maps.Keys(selector.MatchLabels)) {
		out = append(out, keep(fmt.Sprintf("(%s);true", selector.MatchLabels[name]), label(name), present(name)))
	}
	for _, e := range selector.MatchExpressions {
		oneOf := fmt.Sprintf("(%s);true", strings.Join(e.Values, "|"))
		switch e.Operator {
		case metav1.LabelSelectorOpIn:
			out = append(out, keep(oneOf, label(e.Key), present(e.Key)))
		case metav1.LabelSelectorOpNotIn:
			out = append(out, drop(oneOf, label(e.Key), present(e.Key)))
		case metav1.LabelSelectorOpExists:
			out = append(out, keep("true", present(e.Key)))
		case metav1.LabelSelectorOpDoesNotExist:
			out = append(out, drop("true", present(e.Key)))
		}
	}
	return out
}

var notInLabels = regexp.MustCompile(`[^a-zA-Z0-9_]`)

// sanitized is a name as Prometheus can use it for a label.
func sanitized(name string) string { return notInLabels.ReplaceAllString(name, "_") }
