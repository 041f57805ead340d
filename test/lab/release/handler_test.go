package release_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/release"
)

func TestHandler_ChannelLeadsToRelease(t *testing.T) {
	t.Parallel()
	server := serve(t, release.Options{})
	for channel, want := range map[string]string{"stable": "v1.35.7+rke2r1", "latest": version, "v1.35": "v1.35.7+rke2r1"} {
		resp := get(t, server+"/release/channels/"+channel)
		if got := resp.Request.URL.String(); got != server+"/release/releases/tag/"+want {
			t.Errorf("channel %s leads to %s", channel, got)
		}
		if resp.StatusCode != http.StatusOK {
			t.Errorf("channel %s: %s", channel, resp.Status)
		}
	}
	if resp := get(t, server+"/release/channels/nightly"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("unknown channel: %s", resp.Status)
	}
}

func TestHandler_ListsChannels(t *testing.T) {
	t.Parallel()
	server := serve(t, release.Options{})
	var list struct {
		Data []struct{ Name, Latest string }
	}
	if err := json.Unmarshal(body(t, get(t, server+"/release/v1-release/channels")), &list); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range list.Data {
		got = append(got, c.Name+"="+c.Latest)
	}
	if !slices.Contains(got, "stable=v1.35.7+rke2r1") || !slices.Contains(got, "latest="+version) {
		t.Errorf("channels: %v", got)
	}
}

func TestHandler_ServesEscapedVersion(t *testing.T) {
	t.Parallel()
	server := serve(t, release.Options{})
	for _, v := range []string{version, strings.ReplaceAll(version, "+", "%2B")} {
		resp := get(t, server+"/release/releases/download/"+v+"/"+release.Sums())
		if content := string(body(t, resp)); !strings.Contains(content, release.Bundle()) {
			t.Errorf("%s: %s: %.100s", v, resp.Status, content)
		}
	}
}

func TestHandler_InstallerUsesItsOwnAddress(t *testing.T) {
	t.Parallel()
	server := serve(t, release.Options{})
	script := string(body(t, get(t, server+"/release/install.sh")))
	for _, want := range []string{server + "/release/channels", server + "/release/releases/download"} {
		if !strings.Contains(script, want) {
			t.Errorf("installer does not name %s", want)
		}
	}
}

func TestHandler_Faults(t *testing.T) {
	t.Parallel()
	sums, bundle := release.Sums(), release.Bundle()
	tests := map[string]struct {
		fault    release.Fault
		artifact string
		check    func(t *testing.T, resp *http.Response)
	}{
		"wrong sum": {release.Fault{Kind: release.WrongSum}, sums, func(t *testing.T, resp *http.Response) {
			if !strings.Contains(string(body(t, resp)), strings.Repeat("0", 64)+"  "+bundle+"\n") {
				t.Error("sum is right")
			}
		}},
		"no sum": {release.Fault{Kind: release.NoSum}, sums, func(t *testing.T, resp *http.Response) {
			if strings.Contains(string(body(t, resp)), bundle) {
				t.Error("sum is there")
			}
		}},
		"missing": {release.Fault{Kind: release.Missing, Artifact: "rke2-images*"}, "rke2-images.linux-amd64.txt", func(t *testing.T, resp *http.Response) {
			if resp.StatusCode != http.StatusNotFound {
				t.Error(resp.Status)
			}
		}},
		"broken": {release.Fault{Kind: release.Broken, Version: version}, bundle, func(t *testing.T, resp *http.Response) {
			if resp.StatusCode != http.StatusServiceUnavailable {
				t.Error(resp.Status)
			}
		}},
		"cut": {release.Fault{Kind: release.Cut}, bundle, func(t *testing.T, resp *http.Response) {
			if content, err := io.ReadAll(resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) || int64(len(content)) > resp.ContentLength/2 {
				t.Errorf("%d bytes of %d, %v", len(content), resp.ContentLength, err)
			}
		}},
		"slow": {release.Fault{Kind: release.Slow, Artifact: sums, Rate: 4000}, sums, func(t *testing.T, resp *http.Response) {
			start := time.Now()
			if len(body(t, resp)) < 500 || time.Since(start) < 100*time.Millisecond {
				t.Error("came at once")
			}
		}},
		"other version": {release.Fault{Kind: release.Missing, Version: "v1.35.7+rke2r1"}, bundle, func(t *testing.T, resp *http.Response) {
			if resp.StatusCode != http.StatusOK {
				t.Error(resp.Status)
			}
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, release.Options{Faults: []release.Fault{test.fault}})
			test.check(t, get(t, server+"/release/releases/download/"+version+"/"+test.artifact))
		})
	}
}

func TestHandler_FaultHangs(t *testing.T) {
	t.Parallel()
	server := serve(t, release.Options{Faults: []release.Fault{{Kind: release.Hang, Artifact: release.Sums()}}})
	client := http.Client{Timeout: 300 * time.Millisecond}
	resp, err := client.Get(server + "/release/releases/download/" + version + "/" + release.Sums())
	if err == nil {
		defer func() { _ = resp.Body.Close() }()
		_, err = io.ReadAll(resp.Body)
	}
	if err == nil {
		t.Error("the download ended")
	}
}

func TestHandler_FaultGoesAfterItsTimes(t *testing.T) {
	t.Parallel()
	server := serve(t, release.Options{})
	post := `[{"kind":"missing","artifact":"` + release.Sums() + `","times":2}]`
	resp, err := http.Post(server+"/release/faults", "application/json", strings.NewReader(post))
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(err, resp)
	}
	_ = resp.Body.Close()
	var got []int
	for range 3 {
		got = append(got, get(t, server+"/release/releases/download/"+version+"/"+release.Sums()).StatusCode)
	}
	if want := []int{404, 404, 200}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	bad, err := http.Post(server+"/release/faults", "application/json", strings.NewReader(`[{"kind":"melted"}]`))
	if err != nil {
		t.Fatal(err)
	}
	_ = bad.Body.Close()
	if bad.StatusCode != http.StatusBadRequest {
		t.Error(bad.Status)
	}
}

// serve serves releases below /release and returns the server's URL.
func serve(t *testing.T, o release.Options) string {
	t.Helper()
	handler, err := release.NewHandler(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.StripPrefix("/release", handler))
	t.Cleanup(server.Close)
	return server.URL
}

func get(t *testing.T, url string) *http.Response {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func body(t *testing.T, resp *http.Response) []byte {
	t.Helper()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(fmt.Errorf("reading %s: %w", resp.Request.URL, err))
	}
	return content
}
