package provider_test

import (
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/images"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

const imageMirror = "mirror.example:5000"

func TestImages_GoToTheMirror(t *testing.T) {
	t.Parallel()
	w, e := withCluster(t)
	settings := attrs{"images": attrs{"registry": imageMirror}}
	must2(t)(newCore(t, w, settings).apply("lab_metallb", nil, attrs{"values": []any{"speaker: {image: {repository: own.example/speaker}}"}}))
	must2(t)(newCore(t, w, settings).apply("lab_sample_app", nil, attrs{"app": "nginx", "name": "nginx"}))
	e.set(func(e *fakeEngine) {
		chart := e.installed[metallbRelease].Charts[0]
		for path, want := range map[string]string{"controller": imageMirror + "/metallb/controller", "speaker": "own.example/speaker"} {
			if got := object.String(chart.Values, path, "image", "repository"); got != want {
				t.Errorf("the image of the %s is %q, want %q", path, got, want)
			}
		}
		for place, c := range e.installed {
			if strings.HasSuffix(place, "nginx") {
				for _, image := range images.Of(c.Objects) {
					if !strings.HasPrefix(image, imageMirror+"/library/nginx:") {
						t.Errorf("the sample's image is %s", image)
					}
				}
			}
		}
	})
}

func TestImages_OfTheUsersOwnChartsStay(t *testing.T) {
	t.Parallel()
	w, e := withCluster(t)
	settings := attrs{"images": attrs{"registry": imageMirror}}
	must2(t)(newCore(t, w, settings).apply("lab_helm_release", nil, attrs{"name": "lb", "chart": "metallb", "chart_version": "0.16.1", "repository": "https://charts.example"}))
	e.set(func(e *fakeEngine) {
		if values := e.installed["default/lb"].Charts[0].Values; len(values) > 0 {
			t.Errorf("the release has values %v", values)
		}
	})
}

func TestImages_AnotherMirrorIsDrift(t *testing.T) {
	t.Parallel()
	w, _ := withCluster(t)
	s := must2(t)(newCore(t, w, nil).apply("lab_istio_mesh", nil, nil))
	lab := newCore(t, w, attrs{"images": attrs{"registry": imageMirror}})
	s = must2(t)(lab.refresh("lab_istio_mesh", s))
	want := "release istio-system/istiod value global.hub: want " + imageMirror + "/release, installed with the chart's default"
	if got := s.text(t, "drift"); !strings.Contains(got, want) {
		t.Fatalf("drift %s", got)
	}
	if p := lab.plan("lab_istio_mesh", s, nil); p.action != "update" {
		t.Errorf("action %q", p.action)
	}
	s = must2(t)(newCore(t, w, attrs{"images": attrs{"registry": imageMirror}}).apply("lab_istio_mesh", s, nil))
	s = must2(t)(lab.refresh("lab_istio_mesh", s))
	if got := s.text(t, "drift"); got != "[]" {
		t.Errorf("drift %s after the update", got)
	}
	// A registry that is not known yet is no reason to speak of drift; none at all is.
	unsure := newCore(t, w, attrs{"images": attrs{"registry": unknown{}}})
	if got := must2(t)(unsure.refresh("lab_istio_mesh", s)).text(t, "drift"); got != "[]" {
		t.Errorf("drift %s while the registry is not known", got)
	}
	if got := must2(t)(newCore(t, w, nil).refresh("lab_istio_mesh", s)).text(t, "drift"); !strings.Contains(got, "want the chart's default, installed with "+imageMirror) {
		t.Errorf("drift %s without the mirror", got)
	}
}

func TestSettings_OfChartsAndImages(t *testing.T) {
	t.Parallel()
	w, _ := withCluster(t)
	newCore(t, w, attrs{"charts": attrs{
		"mirror": "oci://mirror.example/charts", "username": "robot", "password": "geheim", "plain_http": true,
		"exceptions": attrs{"metallb": attrs{"repository": "https://metallb.example", "username": "u"}, "istiod": attrs{}},
	}})
	got := w.settings.Charts
	if got.Mirror != "oci://mirror.example/charts" || got.Username != "robot" || got.Password != "geheim" || !got.PlainHTTP || got.Logger == nil {
		t.Errorf("got %+v", got)
	}
	if e := got.Exceptions["metallb"]; e.Repository != "https://metallb.example" || e.Username != "u" || e.Password != "" {
		t.Errorf("got %+v", e)
	}
	if _, found := got.Exceptions["istiod"]; !found || len(got.Exceptions) != 2 {
		t.Errorf("got %+v", got.Exceptions)
	}
}
