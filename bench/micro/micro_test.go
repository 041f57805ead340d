// Package micro measures the parts of a plan that grow with a release, a repository or a configuration.
package micro_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// objects is about what a large chart makes, such as kube-prometheus-stack.
const objects = 100

// deployment is a wanted object; live adds what the API server fills in.
func deployment(i int, live bool) object.Object {
	container := map[string]any{
		"name": "app", "image": "registry.example/app:1.2.3",
		"args":      []any{"--listen=:8080", "--level=info", "--name=" + fmt.Sprint(i)},
		"ports":     []any{map[string]any{"name": "http", "containerPort": int64(8080)}, map[string]any{"name": "metrics", "containerPort": int64(9090)}},
		"env":       []any{map[string]any{"name": "A", "value": "1"}, map[string]any{"name": "B", "value": "2"}},
		"resources": map[string]any{"requests": map[string]any{"cpu": "0.1", "memory": "128Mi"}},
	}
	pod := map[string]any{"serviceAccountName": "app", "containers": []any{container}}
	metadata := map[string]any{"name": fmt.Sprintf("app-%d", i), "namespace": "default", "labels": map[string]any{"app": fmt.Sprint(i), "part-of": "bench"}}
	spec := map[string]any{
		"replicas": int64(2), "selector": map[string]any{"matchLabels": map[string]any{"app": fmt.Sprint(i)}},
		"template": map[string]any{"metadata": map[string]any{"labels": map[string]any{"app": fmt.Sprint(i)}}, "spec": pod},
	}
	o := object.Object{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
	if live {
		container["resources"] = map[string]any{"requests": map[string]any{"cpu": "100m", "memory": "128Mi"}}
		container["imagePullPolicy"], container["terminationMessagePath"] = "IfNotPresent", "/dev/termination-log"
		pod["restartPolicy"], pod["dnsPolicy"], pod["schedulerName"] = "Always", "ClusterFirst", "default-scheduler"
		metadata["uid"], metadata["resourceVersion"], metadata["generation"] = "5f0c", "1234", int64(1)
		spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"] = int64(10), int64(600)
		o["status"] = map[string]any{"replicas": int64(2), "readyReplicas": int64(2)}
	}
	return o
}

// BenchmarkCompare compares all objects of a release with the cluster's, as a refresh does when all of them have changed.
func BenchmarkCompare(b *testing.B) {
	var wanted, live []object.Object
	for i := range objects {
		wanted, live = append(wanted, deployment(i, false)), append(live, deployment(i, true))
	}
	b.ReportAllocs()
	for b.Loop() {
		for i := range wanted {
			if found := cluster.Compare(wanted[i], live[i]); len(found) > 0 {
				b.Fatal(found)
			}
		}
	}
}

// BenchmarkIndex reads the index of a repository of 200 charts in 50 versions each, which happens at most once a process.
func BenchmarkIndex(b *testing.B) {
	var text strings.Builder
	text.WriteString("apiVersion: v1\nentries:\n")
	for chart := range 200 {
		fmt.Fprintf(&text, "  chart-%d:\n", chart)
		for version := range 50 {
			fmt.Fprintf(&text, "  - apiVersion: v2\n    name: chart-%d\n    version: 1.%d.0\n    appVersion: \"1\"\n    description: A chart of some kind\n"+
				"    digest: %064d\n    created: \"2026-01-01T00:00:00Z\"\n    urls:\n    - charts/chart-%d-1.%d.0.tgz\n", chart, version, version, chart, version)
		}
	}
	index := []byte(text.String() + "generated: \"2026-01-01T00:00:00Z\"\n")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(index) }))
	b.Cleanup(server.Close)
	b.SetBytes(int64(len(index)))
	b.ReportAllocs()
	for b.Loop() {
		charts := helm.NewCharts(helm.ChartsOptions{CacheDir: b.TempDir()})
		versions, err := charts.Versions(b.Context(), server.URL, "chart-7")
		if err != nil || len(versions) != 50 {
			b.Fatal(len(versions), err)
		}
	}
}

// BenchmarkMergeValues merges three documents of 300 lines each.
func BenchmarkMergeValues(b *testing.B) {
	documents := make([]string, 3)
	for d := range documents {
		var text strings.Builder
		for i := range 100 {
			fmt.Fprintf(&text, "part%d:\n  enabled: true\n  replicas: %d\n", i, d)
		}
		documents[d] = text.String()
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := helm.MergeValues(documents); err != nil {
			b.Fatal(err)
		}
	}
}
