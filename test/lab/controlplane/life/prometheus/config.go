package prometheus

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// configFile is the key of the Secret (prometheus-operator:pkg/prometheus/common.go@v0.93.0).
const configFile = "prometheus.yaml.gz"

// defaultInterval of scrapes and evaluations (prometheus-operator:pkg/prometheus/promcfg.go@v0.93.0, buildGlobalConfig).
const defaultInterval = "30s"

// configuration is what a Prometheus object and the monitors that it selects come to. Rules, alerting, probes, scrape configurations and remote
// writing are left out.
func (o *Operator) configuration(server *unstructured.Unstructured) ([]byte, error) {
	interval := func(field string) string {
		if text, _, _ := unstructured.NestedString(server.Object, "spec", field); text != "" {
			return text
		}
		return defaultInterval
	}
	external, _, err := unstructured.NestedMap(server.Object, "spec", "externalLabels")
	if err != nil {
		return nil, fmt.Errorf("reading externalLabels: %w", err)
	}
	if external == nil {
		external = map[string]any{}
	}
	external["prometheus"] = server.GetNamespace() + "/" + server.GetName()
	external["prometheus_replica"] = "$(POD_NAME)"
	services, err := o.chosen(server, serviceMonitors, "serviceMonitorSelector")
	if err != nil {
		return nil, err
	}
	pods, err := o.chosen(server, podMonitors, "podMonitorSelector")
	if err != nil {
		return nil, err
	}
	jobs := []item{}
	for _, m := range append(services, pods...) {
		jobs = append(jobs, m.scrapeConfigs()...)
	}
	text, err := yaml.Marshal(item{
		"global": item{
			"scrape_interval": interval("scrapeInterval"), "evaluation_interval": interval("evaluationInterval"), "external_labels": external,
		},
		"scrape_configs": jobs,
	})
	if err != nil {
		return nil, fmt.Errorf("writing the configuration: %w", err)
	}
	return text, nil
}

// configure keeps the Secret of a Prometheus as its object and the monitors want it.
func (o *Operator) configure(ctx context.Context, w workload, server *unstructured.Unstructured) error {
	text, err := o.configuration(server)
	if err != nil {
		return fmt.Errorf("configuring Prometheus %s/%s: %w", w.namespace, w.name, err)
	}
	if bytes.Equal(o.configured[server.GetUID()], text) {
		return nil
	}
	packed, err := compressed(text)
	if err != nil {
		return err
	}
	secrets := o.Client.CoreV1().Secrets(w.namespace)
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name: w.setName(), Namespace: w.namespace, OwnerReferences: []metav1.OwnerReference{w.owner},
			Labels: map[string]string{"managed-by": "prometheus-operator"},
		},
		Data: map[string][]byte{configFile: packed},
	}
	_, err = secrets.Create(ctx, secret, metav1.CreateOptions{FieldManager: fieldManager})
	if apierrors.IsAlreadyExists(err) {
		_, err = secrets.Update(ctx, secret, metav1.UpdateOptions{FieldManager: fieldManager})
	}
	if err != nil {
		return fmt.Errorf("writing Secret %s/%s: %w", secret.Namespace, secret.Name, err)
	}
	o.configured[server.GetUID()] = text
	return nil
}

func compressed(text []byte) ([]byte, error) {
	var out bytes.Buffer
	packer := gzip.NewWriter(&out)
	if _, err := packer.Write(text); err != nil {
		return nil, fmt.Errorf("compressing the configuration: %w", err)
	}
	if err := packer.Close(); err != nil {
		return nil, fmt.Errorf("compressing the configuration: %w", err)
	}
	return out.Bytes(), nil
}
