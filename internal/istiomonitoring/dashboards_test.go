package istiomonitoring_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/istiomonitoring"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// board is the text of a dashboard with some fat.
func board(title, uid string, fat int) string {
	return fmt.Sprintf("{\n  \"title\": %q,\n  \"uid\": %q,\n  \"panels\": [],\n  \"fat\": %q\n}", title, uid, strings.Repeat("x", fat))
}

func TestOverview_IsADashboardThatLeavesTheDataSourceOpen(t *testing.T) {
	t.Parallel()
	d := istiomonitoring.Overview()
	if d.Title == "" || d.UID == "" || !json.Valid(d.JSON) || !strings.Contains(string(d.JSON), `"uid":"${datasource}"`) {
		t.Errorf("it is %+v", d)
	}
	if strings.Contains(string(d.JSON), "__inputs") {
		t.Error("it asks for its data source at import, which a sidecar cannot answer")
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	configMap := func(name string, entries ...string) string {
		text := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\ndata:\n"
		for i := 0; i < len(entries); i += 2 {
			text += "  " + entries[i] + ": |\n    " + strings.ReplaceAll(entries[i+1], "\n", "\n    ") + "\n"
		}
		return text
	}
	for name, c := range map[string]struct {
		file, content string
		want          []string
		says          string
	}{
		"JSON":                    {"x/mesh dashboard.json", "\n" + board("Mesh", "m", 1), []string{"/mesh-dashboard.json Mesh m"}, ""},
		"JSON of another name":    {"download", board("Mesh", "", 1), []string{"/download.json Mesh "}, ""},
		"rows of an old Grafana":  {"a.json", `{"title":"Old","rows":[]}`, []string{"/a.json Old "}, ""},
		"ConfigMaps among others": {"g.yaml", "# licence\n---\nkind: Service\n---\n" + configMap("one", "b.json", board("B", "b", 1), "a.json", board("A", "a", 1), "readme.txt", "hello") + "---\n" + configMap("two", "c.json", board("C", "c", 1)), []string{"one/a.json A a", "one/b.json B b", "two/c.json C c"}, ""},
		"not JSON":                {"a.json", `{"title": "A", "panels": [}`, nil, "a.json is not a dashboard"},
		"no dashboard":            {"a.json", `{"dependencies": []}`, nil, "it has no title, or no panels"},
		"no panels":               {"a.json", `{"title": "A"}`, nil, "it has no title, or no panels"},
		"broken in a ConfigMap":   {"g.yaml", configMap("one", "a.json", "{"), nil, "ConfigMap one: a.json is not a dashboard"},
		"YAML without dashboards": {"g.yaml", "kind: Service\n", nil, "there is no dashboard in it"},
		"a web page":              {"g.yaml", "<html>\n a: b: c\n</html>", nil, "neither JSON nor YAML"},
		"empty":                   {"a.json", "", nil, "there is no dashboard in it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := istiomonitoring.Read(c.file, []byte(c.content))
			if c.says != "" {
				if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range found {
				got = append(got, d.Group+"/"+d.File+" "+d.Title+" "+d.UID)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func read(t *testing.T, file, content string) istiomonitoring.Dashboard {
	t.Helper()
	found, err := istiomonitoring.Read(file, []byte(content))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	return found[0]
}

func TestPack_BeginsAnotherConfigMapWhenOneIsFull(t *testing.T) {
	t.Parallel()
	var all []istiomonitoring.Dashboard
	for i := range 5 {
		all = append(all, read(t, fmt.Sprintf("d%d.json", i), board(fmt.Sprint("D", i), fmt.Sprint("u", i), 300<<10)))
	}
	grouped := read(t, "g.json", board("G", "g", 1))
	grouped.Group = "istio-grafana-dashboards"
	packed, err := istiomonitoring.Pack("istio-system", append(all, grouped))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range packed {
		got = append(got, fmt.Sprint(object.RefOf(o).Name, " ", len(object.Map(o, "data"))))
		if raw, err := json.Marshal(o); err != nil || len(raw) > 1<<20 {
			t.Errorf("%s has %d bytes", object.RefOf(o), len(raw))
		}
		if object.String(o, "metadata", "labels", "grafana_dashboard") != "1" {
			t.Errorf("%s is not labelled", object.RefOf(o))
		}
	}
	if diff := cmp.Diff([]string{"istio-dashboards-1 2", "istio-dashboards-2 2", "istio-dashboards-3 1", "istio-grafana-dashboards 1"}, got); diff != "" {
		t.Error(diff)
	}
	for name, digest := range istiomonitoring.Digests(packed) {
		sealed := istiomonitoring.Sealed("istio-system", name, digest)
		i := strings.Index(strings.Join(got, ","), name)
		if i < 0 || sealed["data"] != nil || object.SealedDigest(sealed) != digest {
			t.Errorf("%s does not seal", name)
		}
	}
	if diff := cmp.Diff(object.Seal(packed[0]), istiomonitoring.Sealed("istio-system", "istio-dashboards-1", istiomonitoring.Digests(packed)["istio-dashboards-1"])); diff != "" {
		t.Error(diff)
	}
	if got := len(istiomonitoring.Titles(all)); got != 5 {
		t.Errorf("%d titles", got)
	}
}

func TestPack_RefusesWhatGrafanaOrTheAPICannotTake(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dashboards []istiomonitoring.Dashboard
		says       string
	}{
		"one file twice": {[]istiomonitoring.Dashboard{read(t, "a/d.json", board("A", "a", 1)), read(t, "b/d.json", board("B", "b", 1))}, `"A" and "B"`},
		"one uid twice":  {[]istiomonitoring.Dashboard{read(t, "a.json", board("A", "a", 1)), read(t, "b.json", board("B", "a", 1))}, "the same uid a"},
		"too big":        {[]istiomonitoring.Dashboard{read(t, "a.json", board("A", "a", 1<<20))}, "a ConfigMap takes 1024 KiB"},
	} {
		if _, err := istiomonitoring.Pack("istio-system", c.dashboards); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	none := []istiomonitoring.Dashboard{read(t, "a.json", board("A", "", 1)), read(t, "b.json", board("B", "", 1))}
	if _, err := istiomonitoring.Pack("istio-system", none); err != nil {
		t.Errorf("dashboards without uid: %v", err)
	}
}
