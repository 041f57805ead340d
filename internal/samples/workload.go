package samples

import (
	"maps"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// workload is what a sample's Deployment says of the sample.
type workload struct {
	name, namespace string
	replicas        int32
	labels          map[string]string
	image           string
	args            []string
	env             map[string]string
}

// readWorkload reads a Deployment, desired or live. container is the sample's own; injection may have put a proxy
// beside it. Labels that the sample sets by itself are left out.
func readWorkload(o object.Object, container string, own ...string) (workload, error) {
	var live struct {
		Metadata struct {
			Name      string            `json:"name"`
			Namespace string            `json:"namespace"`
			Labels    map[string]string `json:"labels"`
		} `json:"metadata"`
		Spec struct {
			Replicas int32 `json:"replicas"`
			Template struct {
				Spec struct {
					Containers []struct {
						Name  string   `json:"name"`
						Image string   `json:"image"`
						Args  []string `json:"args"`
						Env   []struct {
							Name  string `json:"name"`
							Value string `json:"value"`
						} `json:"env"`
					} `json:"containers"`
				} `json:"spec"`
			} `json:"template"`
		} `json:"spec"`
	}
	if err := object.Decode(o, &live); err != nil {
		return workload{}, err
	}
	w := workload{name: live.Metadata.Name, namespace: live.Metadata.Namespace, replicas: live.Spec.Replicas, env: map[string]string{}}
	for _, c := range live.Spec.Template.Spec.Containers {
		if c.Name != container {
			continue
		}
		w.image, w.args = c.Image, c.Args
		for _, e := range c.Env {
			w.env[e.Name] = e.Value
		}
	}
	for _, key := range own {
		delete(live.Metadata.Labels, key)
	}
	if len(live.Metadata.Labels) > 0 {
		w.labels = maps.Clone(live.Metadata.Labels)
	}
	return w, nil
}

func anyMap(in map[string]string) map[string]any {
	out := make(map[string]any, len(in)+1)
	for key, value := range in {
		out[key] = value
	}
	return out
}
