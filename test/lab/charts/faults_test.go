package charts_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/charts"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	const classic, layer = "/charts/web-1.0.0.tgz", "layer"
	for name, c := range map[string]struct {
		fault charts.Fault
		path  string
		check func(*testing.T, answer, []byte)
	}{
		"archive missing":   {charts.Fault{Kind: charts.Missing, Chart: "web"}, classic, status(404)},
		"layer missing":     {charts.Fault{Kind: charts.Missing, Chart: "web", Version: "1.0.0"}, layer, status(404)},
		"index broken":      {charts.Fault{Kind: charts.Broken, Target: charts.Index}, "/charts/index.yaml", status(503)},
		"manifest broken":   {charts.Fault{Kind: charts.Broken, Target: charts.Index, Version: "1.0.0"}, "/v2/charts/web/manifests/1.0.0", status(503)},
		"other chart":       {charts.Fault{Kind: charts.Missing, Chart: "hooked"}, classic, status(200)},
		"other version":     {charts.Fault{Kind: charts.Missing, Version: "9.9.9"}, classic, status(200)},
		"archive is other":  {charts.Fault{Kind: charts.WrongDigest}, classic, other},
		"layer is other":    {charts.Fault{Kind: charts.WrongDigest}, layer, other},
		"archive cut":       {charts.Fault{Kind: charts.Cut}, classic, cut},
		"layer cut":         {charts.Fault{Kind: charts.Cut}, layer, cut},
		"archive is slow":   {charts.Fault{Kind: charts.Slow, Rate: 1 << 20}, classic, same},
		"untouched archive": {charts.Fault{Kind: charts.Missing, Target: charts.Index}, classic, same},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, url := serve(t, charts.Options{})
			sound := get(t, url+classic).body
			if err := r.SetFaults([]charts.Fault{c.fault}); err != nil {
				t.Fatal(err)
			}
			path := c.path
			if path == layer {
				path = "/v2/charts/web/blobs/sha256:" + hexSum(sound)
			}
			c.check(t, get(t, url+path), sound)
		})
	}
}

func status(want int) func(*testing.T, answer, []byte) {
	return func(t *testing.T, got answer, _ []byte) {
		t.Helper()
		if got.status != want {
			t.Errorf("status %d, want %d", got.status, want)
		}
	}
}

func other(t *testing.T, got answer, sound []byte) {
	t.Helper()
	if got.status != http.StatusOK || len(got.body) != len(sound) || bytes.Equal(got.body, sound) {
		t.Errorf("status %d, %d bytes of %d", got.status, len(got.body), len(sound))
	}
}

func cut(t *testing.T, got answer, sound []byte) {
	t.Helper()
	if got.err == nil || len(got.body) >= len(sound) || len(got.body) == 0 {
		t.Errorf("%d bytes of %d, error %v", len(got.body), len(sound), got.err)
	}
}

func same(t *testing.T, got answer, sound []byte) {
	t.Helper()
	if !bytes.Equal(got.body, sound) {
		t.Errorf("%d bytes of %d", len(got.body), len(sound))
	}
}

func TestFault_HangsUntilTheCallerGivesUp(t *testing.T) {
	t.Parallel()
	r, url := serve(t, charts.Options{})
	if err := r.SetFaults([]charts.Fault{{Kind: charts.Hang}}); err != nil {
		t.Fatal(err)
	}
	client := http.Client{Timeout: 200 * time.Millisecond}
	resp, err := client.Get(url + "/charts/web-1.0.0.tgz")
	if err == nil {
		resp.Body.Close()
		t.Error("an answer came")
	}
}

func TestFault_IsGoneAfterItsTimes(t *testing.T) {
	t.Parallel()
	_, url := serve(t, charts.Options{})
	put := request(t, http.MethodPut, url+"/faults", `[{"kind":"broken","chart":"web","times":2}]`)
	if put.status != http.StatusOK {
		t.Fatalf("status %d: %s", put.status, put.body)
	}
	var got []int
	for range 4 {
		got = append(got, get(t, url+"/charts/web-1.1.0.tgz").status)
	}
	if want := []int{503, 503, 200, 200}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if left := strings.TrimSpace(string(get(t, url+"/faults").body)); left != "[]" {
		t.Errorf("left: %s", left)
	}
}

func TestSetFaults_RefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	r, url := serve(t, charts.Options{})
	for _, fault := range []charts.Fault{{}, {Kind: "tired"}, {Kind: charts.Cut, Target: "moon"}, {Kind: charts.WrongDigest, Target: charts.Index}} {
		if err := r.SetFaults([]charts.Fault{fault}); err == nil {
			t.Errorf("%+v was accepted", fault)
		}
	}
	for _, body := range []string{"no JSON", `[{"kind":"tired"}]`} {
		if got := request(t, http.MethodPut, url+"/charts/faults", body); got.status != http.StatusBadRequest {
			t.Errorf("%s: status %d", body, got.status)
		}
	}
}
