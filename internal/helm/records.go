package helm

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// record is what is kept of one revision. It is Helm's release.Release without the chart's files, which are most of
// its size and which nobody here reads.
type record struct {
	Name      string          `json:"name"`
	Namespace string          `json:"namespace"`
	Version   int             `json:"version"`
	Info      *release.Info   `json:"info"`
	Config    json.RawMessage `json:"config"`
	Manifest  string          `json:"manifest"`
	Hooks     []*release.Hook `json:"hooks"`
	Chart     struct {
		Metadata *chart.Metadata `json:"metadata"`
	} `json:"chart"`
	Labels map[string]string `json:"-"`
}

// records reads what is kept of releases.
type records interface {
	// list returns the revisions of a release, newest first; without all, only those that no later one has replaced,
	// which is one request and usually one record. There may be none.
	list(ctx context.Context, release string, all bool) ([]record, error)
}

// secretRecords reads the Secrets that Helm keeps releases in (pkg/storage/driver/secrets.go).
type secretRecords struct {
	secrets interface {
		List(ctx context.Context, o metav1.ListOptions) (*corev1.SecretList, error)
	}
}

func (s secretRecords) list(ctx context.Context, name string, all bool) ([]record, error) {
	selector := "owner=helm,name=" + name
	if !all {
		selector += ",status!=" + release.StatusSuperseded.String()
	}
	list, err := s.secrets.List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, fault.New(kindOfAPI(err), err)
	}
	out := make([]record, 0, len(list.Items))
	for i := range list.Items {
		r, err := decodeRecord(list.Items[i].Data["release"])
		if err != nil {
			return nil, fault.Newf(fault.Invalid, "secret %s is no release of Helm: %w", list.Items[i].Name, err)
		}
		r.Labels = list.Items[i].Labels
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b record) int { return b.Version - a.Version })
	return out, nil
}

// decodeRecord undoes base64, gzip and JSON (pkg/storage/driver/util.go, encodeRelease).
func decodeRecord(data []byte) (record, error) {
	var r record
	zipped, err := base64.StdEncoding.AppendDecode(nil, data)
	if err != nil {
		return r, err
	}
	reader, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		return r, err
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, err
	}
	if r.Info == nil || r.Chart.Metadata == nil {
		return r, fmt.Errorf("it is incomplete")
	}
	return r, nil
}

// digestAnnotation is where the sha256 of the archive is kept: in the chart's metadata inside the record, so that it
// can only ever belong to the chart that the record is of.
const digestAnnotation = "dxlab.io/chart-digest"

// release makes what callers see of a record.
func (r record) release() (Release, error) {
	objects, err := parseManifest([]byte(r.Manifest), r.Namespace)
	if err != nil {
		return Release{}, fmt.Errorf("release %s/%s: %w", r.Namespace, r.Name, err)
	}
	hooks, err := parseHooks(r.Hooks, r.Namespace)
	if err != nil {
		return Release{}, fmt.Errorf("release %s/%s: %w", r.Namespace, r.Name, err)
	}
	var values map[string]any
	if len(r.Config) > 0 {
		if values, err = decodeNumbers[map[string]any](r.Config); err != nil {
			return Release{}, fmt.Errorf("release %s/%s: its values cannot be read", r.Namespace, r.Name)
		}
	}
	metadata := r.Chart.Metadata
	return Release{
		Name: r.Name, Namespace: r.Namespace,
		Chart: metadata.Name, Version: metadata.Version, AppVersion: metadata.AppVersion,
		Status: r.Info.Status.String(), Description: r.Info.Description, Revision: r.Version,
		ChartDigest: metadata.Annotations[digestAnnotation],
		Objects:     objects, Hooks: hooks, Values: values, Notes: r.Info.Notes,
		Labels: userLabels(r.Labels), Updated: r.Info.LastDeployed.Time,
	}, nil
}

// userLabels leaves out the labels that Helm itself puts on a record (pkg/storage/driver/util.go, systemLabels).
func userLabels(labels map[string]string) map[string]string {
	out := map[string]string{}
	for key, value := range labels {
		switch key {
		case "name", "owner", "status", "version", "createdAt", "modifiedAt":
		default:
			out[key] = value
		}
	}
	return out
}

// recordOf makes a record of what an action returned.
func recordOf(r *release.Release) (record, error) {
	config, err := json.Marshal(r.Config)
	if err != nil {
		return record{}, fmt.Errorf("release %s/%s: its values cannot be read", r.Namespace, r.Name)
	}
	out := record{
		Name: r.Name, Namespace: r.Namespace, Version: r.Version, Info: r.Info,
		Config: config, Manifest: r.Manifest, Hooks: r.Hooks, Labels: r.Labels,
	}
	out.Chart.Metadata = r.Chart.Metadata
	return out, nil
}
