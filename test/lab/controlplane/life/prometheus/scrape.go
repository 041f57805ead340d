package prometheus

import (
	"fmt"
)

// scrapeConfigs are the jobs of a monitor, one for each of its endpoints
// (prometheus-operator:pkg/prometheus/promcfg.go@v0.93.0).
func (m monitor) scrapeConfigs() []item {
	var out []item
	for i, e := range m.Spec.Endpoints {
		out = append(out, m.job("serviceMonitor", "endpoints", i, e, m.ofServices(e)))
	}
	for i, e := range m.Spec.PodEndpoints {
		out = append(out, m.job("podMonitor", "pod", i, e, m.ofPods(e)))
	}
	return out
}

func (m monitor) job(kind, role string, index int, e endpoint, relabelings []item) item {
	discovery := item{"role": role}
	if names := m.namespaces(); len(names) > 0 {
		discovery["namespaces"] = item{"names": names}
	}
	if m.Spec.AttachMetadata != nil {
		discovery["attach_metadata"] = item{"node": m.Spec.AttachMetadata.Node}
	}
	job := item{
		"job_name": fmt.Sprintf("%s/%s/%s/%d", kind, m.Namespace, m.Name, index), "honor_labels": e.HonorLabels,
		"kubernetes_sd_configs": []item{discovery}, "relabel_configs": append(relabelings, configs(e.Relabelings)...),
	}
	for name, text := range map[string]string{
		"scrape_interval": e.Interval, "scrape_timeout": e.ScrapeTimeout, "metrics_path": e.Path, "scheme": e.Scheme, "bearer_token_file": e.BearerTokenFile,
	} {
		if text != "" {
			job[name] = text
		}
	}
	for name, flag := range map[string]*bool{
		"honor_timestamps": e.HonorTimestamps, "follow_redirects": e.FollowRedirects, "enable_http2": e.EnableHTTP2,
	} {
		if flag != nil {
			job[name] = *flag
		}
	}
	if len(e.Params) > 0 {
		job["params"] = e.Params
	}
	if m.Spec.SampleLimit > 0 {
		job["sample_limit"] = m.Spec.SampleLimit
	}
	if e.TLSConfig != nil {
		job["tls_config"] = e.TLSConfig.config()
	}
	if len(e.MetricRelabelings) > 0 {
		job["metric_relabel_configs"] = configs(e.MetricRelabelings)
	}
	return job
}

func (t tlsConfig) config() item {
	out := item{"insecure_skip_verify": t.InsecureSkipVerify}
	if t.CAFile != "" {
		out["ca_file"] = t.CAFile
	}
	if t.ServerName != "" {
		out["server_name"] = t.ServerName
	}
	return out
}

// namespaces are where to discover; none stands for all.
func (m monitor) namespaces() []string {
	switch {
	case m.Spec.NamespaceSelector.Any:
		return nil
	case len(m.Spec.NamespaceSelector.MatchNames) == 0:
		return []string{m.Namespace}
	}
	return m.Spec.NamespaceSelector.MatchNames
}

const jobNameLabel = "__tmp_prometheus_job_name"

// running drops the targets of pods that have ended.
func (e endpoint) running() []item {
	if e.FilterRunning != nil && !*e.FilterRunning {
		return nil
	}
	return []item{drop("(Failed|Succeeded)", meta("pod_phase"))}
}

// ofPort keeps the targets of the port that an endpoint means, and gives them its name; a named port is looked for under label.
func (e endpoint) ofPort(label string) (kept, named []item) {
	switch {
	case e.Port != "":
		return []item{keep(e.Port, meta(label))}, []item{set("endpoint", e.Port)}
	case e.PortNumber != 0:
		return []item{keep(fmt.Sprint(e.PortNumber), meta("pod_container_port_number"))}, nil
	}
	switch port := e.TargetPort.(type) {
	case string:
		return []item{keep(port, meta("pod_container_port_name"))}, []item{set("endpoint", port)}
	case nil:
		return nil, nil
	default:
		return []item{keep(fmt.Sprint(port), meta("pod_container_port_number"))}, []item{set("endpoint", fmt.Sprint(port))}
	}
}

func (m monitor) ofServices(e endpoint) []item {
	const kind, name = "endpoint_address_target_kind", "endpoint_address_target_name"
	target := func(of, label string) item {
		return item{
			"source_labels": []string{meta(kind), meta(name)}, "separator": ";", "regex": of + ";(.*)", "replacement": "${1}", "target_label": label,
		}
	}
	kept, named := e.ofPort("endpoint_port_name")
	out := append([]item{copied("job", jobNameLabel)}, selected("service", m.Spec.Selector)...)
	out = append(out, kept...)
	out = append(
		out, target("Node", "node"), target("Pod", "pod"),
		copied(meta("namespace"), "namespace"), copied(meta("service_name"), "service"),
		copied(meta("pod_name"), "pod"), copied(meta("pod_container_name"), "container"),
	)
	out = append(out, e.running()...)
	for _, label := range m.Spec.TargetLabels {
		out = append(out, copiedIfAny(meta("service_label_"+sanitized(label)), sanitized(label)))
	}
	out = append(out, m.podLabels()...)
	out = append(out, item{"source_labels": []string{meta("service_name")}, "target_label": "job", "replacement": "${1}"})
	if m.Spec.JobLabel != "" {
		out = append(out, copiedIfAny(meta("service_label_"+sanitized(m.Spec.JobLabel)), "job"))
	}
	return append(out, named...)
}

func (m monitor) ofPods(e endpoint) []item {
	kept, named := e.ofPort("pod_container_port_name")
	out := append([]item{copied("job", jobNameLabel)}, e.running()...)
	out = append(out, selected("pod", m.Spec.Selector)...)
	out = append(out, kept...)
	out = append(
		out, copied(meta("namespace"), "namespace"), copied(meta("pod_container_name"), "container"), copied(meta("pod_name"), "pod"),
	)
	out = append(out, m.podLabels()...)
	out = append(out, set("job", m.Namespace+"/"+m.Name))
	if m.Spec.JobLabel != "" {
		out = append(out, copiedIfAny(meta("pod_label_"+sanitized(m.Spec.JobLabel)), "job"))
	}
	return append(out, named...)
}

func (m monitor) podLabels() []item {
	var out []item
	for _, label := range m.Spec.PodTargetLabels {
		out = append(out, copiedIfAny(meta("pod_label_"+sanitized(label)), sanitized(label)))
	}
	return out
}
