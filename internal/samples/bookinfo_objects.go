package samples

import (
	"maps"

	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

const versionLabel = "version"

// object makes one object with its own labels and the user's.
func (b Bookinfo) object(apiVersion, kind, name string, labels map[string]any) object.Object {
	o := object.New(b.place().ref(apiVersion, kind, name))
	object.Set(o, b.labels(labels), "metadata", "labels")
	return o
}

func (b Bookinfo) labels(own map[string]any) map[string]any {
	all := anyMap(b.Labels)
	maps.Copy(all, own)
	return all
}

func (b Bookinfo) service(name string) object.Object {
	o := b.object("v1", "Service", name, map[string]any{appLabel: name, "service": name})
	o["spec"] = map[string]any{
		"selector": map[string]any{appLabel: name},
		"ports":    []any{map[string]any{"name": portName, "port": int64(bookinfoPort), "protocol": "TCP"}},
	}
	return o
}

func (b Bookinfo) account(service string) object.Object {
	return b.object("v1", "ServiceAccount", accountOf(service), map[string]any{"account": service})
}

func accountOf(service string) string { return "bookinfo-" + service }

func (b Bookinfo) deployment(service, version string, release versions.Version) object.Object {
	pods := map[string]any{appLabel: service, versionLabel: version}
	o := b.object("apps/v1", "Deployment", service+"-"+version, maps.Clone(pods))
	metadata := map[string]any{"labels": b.labels(pods)}
	if service == bookinfoFront && release.AtLeast(1, 18, 0) {
		metadata["annotations"] = map[string]any{
			"prometheus.io/scrape": "true", "prometheus.io/port": "9080", "prometheus.io/path": "/metrics",
		}
	}
	o["spec"] = map[string]any{
		"replicas": int64(b.Replicas),
		"selector": map[string]any{"matchLabels": pods},
		"template": map[string]any{"metadata": metadata, "spec": b.pod(service, version, release)},
	}
	return o
}

func (b Bookinfo) pod(service, version string, release versions.Version) map[string]any {
	container := map[string]any{
		"name": service, "image": b.Image + "-" + service + "-" + version + ":" + b.Tag, "imagePullPolicy": "IfNotPresent",
		"ports": []any{map[string]any{"containerPort": int64(bookinfoPort), "protocol": "TCP"}},
	}
	// Images from 1.18 on say themselves that they do not run as root.
	if !release.AtLeast(1, 18, 0) {
		container["securityContext"] = map[string]any{"runAsUser": int64(1000)}
	}
	spec := map[string]any{"serviceAccountName": accountOf(service), "containers": []any{container}}
	switch service {
	case "reviews":
		container["env"] = []any{map[string]any{"name": "LOG_DIR", "value": "/tmp/logs"}}
		container["volumeMounts"] = []any{mount("tmp", "/tmp"), mount("wlp-output", "/opt/ibm/wlp/output")}
		spec["volumes"] = []any{scratch("wlp-output"), scratch("tmp")}
	case bookinfoFront:
		container["volumeMounts"] = []any{mount("tmp", "/tmp")}
		spec["volumes"] = []any{scratch("tmp")}
	}
	return spec
}

func mount(volume, path string) map[string]any {
	return map[string]any{"name": volume, "mountPath": path}
}

func scratch(volume string) map[string]any {
	return map[string]any{"name": volume, "emptyDir": map[string]any{}}
}

func (b Bookinfo) ingress() (object.Object, error) {
	spec, err := b.Ingress.spec(bookinfoFront, bookinfoPort)
	if err != nil {
		return nil, err
	}
	o := b.object(ingressAPI, "Ingress", b.Ingress.Name, map[string]any{appLabel: BookinfoName})
	b.Ingress.annotate(o)
	o["spec"] = spec
	return o, nil
}
