package provider

import (
	"sync"

	"github.com/dxlab/terraform-provider-lab/internal/tempo"
)

// tempoRegistry knows which Tempos one walk has planned and which addresses others were given for them, so that a port
// of another version is an error of the plan. Whichever of the two is planned second finds it.
type tempoRegistry struct {
	mu sync.Mutex
	// offered and asked are URLs by cluster.
	offered, asked map[string][]string
}

// offer records where a planned Tempo is asked.
func (t *tempoRegistry) offer(cluster, url string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.offered == nil {
		t.offered = map[string][]string{}
	}
	t.offered[cluster] = append(t.offered[cluster], url)
	for _, asked := range t.asked[cluster] {
		if err := contradict(asked, url); err != nil {
			return err
		}
	}
	return nil
}

// ask records an address that somebody was given for a Tempo.
func (t *tempoRegistry) ask(cluster, url string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.asked == nil {
		t.asked = map[string][]string{}
	}
	t.asked[cluster] = append(t.asked[cluster], url)
	for _, offered := range t.offered[cluster] {
		if err := contradict(url, offered); err != nil {
			return err
		}
	}
	return nil
}

func contradict(asked, offered string) error {
	address, ok := tempo.ParseAddress(asked)
	if !ok {
		return nil
	}
	return address.Check(offered)
}
