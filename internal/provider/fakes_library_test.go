package provider_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// fakeLibrary has files by address and the files and objects of charts by name. What it does not have fails the test.
type fakeLibrary struct {
	t       *testing.T
	mu      sync.Mutex
	web     map[string]string
	files   map[string]map[string][]byte
	objects map[string][]object.Object
	asked   []string
}

func digestOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

func (l *fakeLibrary) note(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, what)
}

func (l *fakeLibrary) taken() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	asked := l.asked
	l.asked = nil
	return asked
}

func (l *fakeLibrary) Download(_ context.Context, address, digest string) ([]byte, error) {
	l.note("download " + address)
	content, ok := l.web[address]
	if !ok {
		l.t.Errorf("%s was asked for, which is not there", address)
	}
	if digest != "" && digest != digestOf(content) {
		return nil, fault.Newf(fault.Integrity, "%s: its sha256 is %s, %s was promised", address, digestOf(content), digest)
	}
	return []byte(content), nil
}

func (l *fakeLibrary) Files(_ context.Context, ref helm.ChartRef) (map[string][]byte, helm.Chart, error) {
	l.note("files of " + ref.Name + " " + ref.Version)
	files, ok := l.files[ref.Name]
	if !ok {
		l.t.Errorf("chart %s was asked for, which is not there", ref.Name)
	}
	return files, helm.Chart{Name: ref.Name, Version: ref.Version, Digest: "sha256:" + digestOf(ref.Name)}, nil
}

func (l *fakeLibrary) Objects(_ context.Context, ref helm.ChartRef) ([]object.Object, helm.Chart, error) {
	l.note("objects of " + ref.Name + " " + ref.Version)
	objects, ok := l.objects[ref.Name]
	if !ok {
		l.t.Errorf("chart %s was asked for, which is not there", ref.Name)
	}
	return objects, helm.Chart{Name: ref.Name, Version: ref.Version, Digest: "sha256:" + digestOf(ref.Name)}, nil
}
