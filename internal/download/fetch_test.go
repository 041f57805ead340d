package download

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript/hostscripttest"
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
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestFetchScript_AndWhatIsMadeOfItsAnswer(t *testing.T) {
	t.Parallel()
	url := releaseServer(t)
	source := filepath.Join(t.TempDir(), "artifact")
	if err := os.WriteFile(source, []byte("from a directory"), 0o600); err != nil {
		t.Fatal(err)
	}
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
		for _, show := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, show %v", name, show), func(t *testing.T) {
				t.Parallel()
				f := File{What: "x", Doing: "fetch x", URL: c.url, Path: c.source, Folder: t.TempDir(), Name: "a b", Show: show}
				answer := runFetch(t, hostscripttest.NewShell(t, "h"), f)
				if answer.Value("exit") != c.exit || answer.Value("status") != c.status || show && string(answer.Blob("content")) != c.content {
					t.Errorf("got %v", answer)
				}
				expectJudgement(t, f, answer, c.kind, c.again, c.exit == "0")
				expectKept(t, f, c.content)
			})
		}
	}
}

func runFetch(t *testing.T, machine *hostscripttest.Shell, f File) hostscript.Answer {
	t.Helper()
	answer, err := hostscript.Run(t.Context(), machine, hostscript.Script{Name: "fetch", Body: fetchScript, Env: f.env()})
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func expectJudgement(t *testing.T, f File, answer hostscript.Answer, kind fault.Kind, again, well bool) {
	t.Helper()
	gotKind, text, gotAgain := f.judge(answer)
	if gotKind != kind || gotAgain != again || (text == "") != well {
		t.Errorf("judged as %q of kind %q, again %v", text, gotKind, gotAgain)
	}
}

// expectKept wants the file to be there when all of it came and it was not shown, and nothing otherwise.
func expectKept(t *testing.T, f File, content string) {
	t.Helper()
	entries, err := os.ReadDir(f.Folder)
	if err != nil {
		t.Fatal(err)
	}
	if content == "" || f.Show {
		if len(entries) != 0 {
			t.Errorf("the folder holds %v", entries)
		}
		return
	}
	if got, err := os.ReadFile(filepath.Join(f.Folder, f.Name)); err != nil || string(got) != content {
		t.Errorf("kept %q, %v", got, err)
	}
}

// wget's own answers differ between versions; what counts is what is made of them.
func TestFetchScript_WithWgetOnly(t *testing.T) {
	t.Parallel()
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
			machine := hostscripttest.NewShell(t, "h")
			machine.Absent = []string{"curl"}
			machine.Provide(t, "wget", "[ \"$1 $2 $3\" = '-T 60 -O' ] || exit 99\nprintf '%b\\n' '"+c.said+"' >&2\nprintf 'from wget' >\"$4\"\nexit "+c.exit)
			f := File{What: "a", Doing: "fetch a", URL: "http://127.0.0.1:1/a", Folder: t.TempDir(), Name: "a", Show: true}
			answer := runFetch(t, machine, f)
			if answer.Value("exit") != c.exit || string(answer.Blob("content")) != c.content {
				t.Errorf("got %v", answer)
			}
			expectJudgement(t, f, answer, c.kind, c.again, c.exit == "0")
		})
	}
}

func TestFetch_WithoutADownloader(t *testing.T) {
	t.Parallel()
	machine := hostscripttest.NewShell(t, "h")
	machine.Absent = []string{"curl", "wget"}
	_, err := Fetch(t.Context(), machine, File{What: "x", Doing: "fetching x", URL: "http://h/x", Folder: t.TempDir(), Name: "x"})
	if !fault.Is(err, fault.Command) || err.Error() != "fetching x on h: http://h/x: none ended with 127: neither curl nor wget is installed" {
		t.Errorf("got %v", err)
	}
}

func TestFetch_TellsAFullDiskByTheRoomLeft(t *testing.T) {
	t.Parallel()
	h := hosttest.NewFake(t, "h")
	h.On(hosttest.Named("fetch x"), hostscripttest.Told{}.Say("exit", "23").Say("tool", "curl").Say("error", "curl: (23) write failed").Say("free_kib", "0").Answer())
	_, err := Fetch(t.Context(), h, File{What: "x", Doing: "fetching x", URL: "http://h/x", Folder: "/opt/.stage", Name: "x", Place: "/opt"})
	if !fault.Is(err, fault.NoSpace) || err.Error() != "fetching x on h: no space left in /opt: curl: (23) write failed" {
		t.Errorf("got %v", err)
	}
}

// A machine that is gone for a moment ends a fetch, unless its caller is patient.
func TestFetch_IsPatientWhenToldTo(t *testing.T) {
	t.Parallel()
	for _, patient := range []bool{false, true} {
		h := hosttest.NewFake(t, "h")
		lost := hosttest.Answer{Err: fault.Newf(fault.Unreachable, "fetch x on h: connection lost")}
		h.On(hosttest.Named("fetch x"), lost, hostscripttest.Told{}.Say("exit", "0").Answer())
		_, err := Fetch(t.Context(), h, File{What: "x", Doing: "fetching x", URL: "http://h/x", Folder: "/opt", Name: "x", Patient: patient})
		if tries := strings.Count(h.Transcript(), "run (fetch x)"); patient != (err == nil) || patient != (tries == 2) || !patient && err.Error() != "fetch x on h: connection lost" {
			t.Errorf("patient %v: %d tries, %v", patient, tries, err)
		}
	}
}

func TestFindSum(t *testing.T) {
	t.Parallel()
	one, two := strings.Repeat("a1", 32), strings.Repeat("b2", 32)
	for name, c := range map[string]struct{ content, want string }{
		"as sha256sum writes it": {two + "  other\n" + one + "  tool\n", one},
		"in binary mode":         {one + " *tool\r\n", one},
		"in a folder":            {two + "  dist/x\n" + one + "  dist/tool\n", one},
		"of upper case":          {strings.ToUpper(one) + "  tool", one},
		"alone":                  {one + "\n", one},
		"the first counts":       {one + "  linux/tool\n" + two + "  darwin/tool\n", one},
		"no sum at all":          {"# tool\nabc  tool\n" + two + "  other\n", ""},
	} {
		if got := findSum([]byte(c.content), "tool"); got != c.want {
			t.Errorf("%s: got %q", name, got)
		}
	}
}
