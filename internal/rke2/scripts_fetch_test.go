package rke2

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
)

// releaseServer answers like a release server that has its bad moments.
func releaseServer(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/good", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "content") })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/good", http.StatusFound) })
	mux.HandleFunc("/busy", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "half")
	})
	mux.HandleFunc("/channels/stable", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})
	mux.HandleFunc("/elsewhere", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://github.invalid/releases/tag/v1.35.7%2Brke2r1", http.StatusFound)
	})
	mux.HandleFunc("/channels/page", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "a page") })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestFetchScript(t *testing.T) {
	t.Parallel()
	url := releaseServer(t)
	source := filepath.Join(t.TempDir(), "artifact")
	writeFile(t, source, "from a directory", 0o644)
	for name, c := range map[string]struct {
		url, source  string
		exit, status string
		content      string
		kind         fault.Kind
		again        bool
	}{
		"download":       {url: url + "/good", exit: "0", status: "200", content: "content"},
		"redirect":       {url: url + "/moved", exit: "0", status: "200", content: "content"},
		"not there":      {url: url + "/none", exit: "22", status: "404", kind: fault.NotFound},
		"busy":           {url: url + "/busy", exit: "22", status: "503", kind: fault.Unreachable, again: true},
		"cut":            {url: url + "/cut", exit: "18", status: "200", kind: fault.Unreachable, again: true},
		"nobody there":   {url: "http://127.0.0.1:1/x", exit: "7", status: "000", kind: fault.Unreachable, again: true},
		"copy":           {source: source, exit: "0", content: "from a directory"},
		"copy of naught": {source: source + "x", exit: "1", kind: fault.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stage := t.TempDir()
			answer := sh(t, "fetch.sh", map[string]string{"STAGE": stage, "NAME": "a b", "URL": c.url, "SOURCE": c.source, "SHOW": "yes"}, nil)
			if answer.value("exit") != c.exit || answer.value("status") != c.status || string(answer.blob("content")) != c.content {
				t.Errorf("got %v %s", answer.text, answer.blob("content"))
			}
			problem, again := newJob(hosttest.NewFake(t, "nobody"), Node{}, Options{}).fetchProblem("fetch", "x", answer)
			if fault.KindOf(problem) != c.kind || again != c.again || (problem == nil) != (c.exit == "0") {
				t.Errorf("judged as %v, again %v", problem, again)
			}
			entries, err := os.ReadDir(stage)
			if err != nil {
				t.Fatal(err)
			}
			if want := c.exit == "0"; (len(entries) == 1) != want {
				t.Errorf("the working directory holds %v", entries)
			}
		})
	}
}

func TestChannelScript(t *testing.T) {
	t.Parallel()
	url := releaseServer(t)
	for name, c := range map[string]struct {
		channel string
		want    map[string]string
	}{
		"over two hops": {"stable", map[string]string{"version": "v1.35.7%2Brke2r1", "status": "302"}},
		"unknown":       {"none", map[string]string{"version": "", "status": "404"}},
		"no redirect":   {"page", map[string]string{"version": "", "status": "200", "end": url + "/channels/page"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := sh(t, "channel.sh", map[string]string{"URL": url + "/channels/" + c.channel}, nil)
			for key, want := range c.want {
				if got := answer.value(key); got != want {
					t.Errorf("%s: got %q, want %q", key, got, want)
				}
			}
		})
	}
}

// wget's own answers differ between versions; what counts is what is made of them.
func TestFetchScript_WithWgetOnly(t *testing.T) {
	t.Parallel()
	url := releaseServer(t)
	for name, c := range map[string]struct {
		said    string
		exit    string
		kind    fault.Kind
		again   bool
		content string
	}{
		"download":  {said: "", exit: "0", content: "from wget"},
		"not there": {said: "--2026-- http://x\nHTTP request sent, awaiting response... 404 Not Found\n2026-11-22 08:00:00 ERROR 404: Not Found.", exit: "8", kind: fault.NotFound},
		"busy":      {said: "2026-11-22 08:00:00 ERROR 503: Service Unavailable.", exit: "8", kind: fault.Unreachable, again: true},
		"busybox":   {said: "wget: server returned error: HTTP/1.1 404 Not Found", exit: "1", kind: fault.NotFound},
		"no name":   {said: "wget: unable to resolve host address", exit: "4", kind: fault.Unreachable, again: true},
		"disk full": {said: "a: No space left on device", exit: "3", kind: fault.NoSpace},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wget := "[ \"$1 $2 $3\" = '-T 60 -O' ] || exit 99\nprintf '%b\\n' '" + c.said + "' >&2\nprintf 'from wget' >\"$4\"\nexit " + c.exit
			answer := sh(t, "fetch.sh", map[string]string{"STAGE": t.TempDir(), "NAME": "a", "URL": url + "/good", "SOURCE": "", "SHOW": "yes"},
				map[string]string{"curl": absent, "wget": wget})
			if answer.value("exit") != c.exit || string(answer.blob("content")) != c.content {
				t.Errorf("got %v %s", answer.text, answer.blob("content"))
			}
			problem, again := newJob(hosttest.NewFake(t, "nobody"), Node{}, Options{}).fetchProblem("fetch", "x", answer)
			if fault.KindOf(problem) != c.kind || again != c.again {
				t.Errorf("judged as %v, again %v", problem, again)
			}
		})
	}
}

func TestChannelScript_WithWgetOnly(t *testing.T) {
	t.Parallel()
	wget := `echo '  HTTP/1.1 302 Found' >&2; echo '  Location: https://github.invalid/releases/tag/v1.35.7%2Brke2r1 [following]' >&2; exit 8`
	answer := sh(t, "channel.sh", map[string]string{"URL": "http://x/stable"}, map[string]string{"curl": absent, "wget": wget})
	if answer.value("version") != "v1.35.7%2Brke2r1" || answer.value("status") != "302" {
		t.Errorf("got %v", answer.text)
	}
	answer = sh(t, "channel.sh", map[string]string{"URL": "http://x/stable"}, map[string]string{"curl": absent, "wget": absent})
	if answer.value("missing") != "downloader" {
		t.Errorf("without a downloader: got %v", answer.text)
	}
}
