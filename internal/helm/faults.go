package helm

import (
	"sync"
)

// faults collects what went wrong in the Kubernetes client. Helm turns such errors into text, or only logs them,
// before anybody can ask for their kind.
type faults struct {
	mu  sync.Mutex
	all []error
}

func (f *faults) add(err error) error {
	if err != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.all = append(f.all, err)
	}
	return err
}

// take returns what was collected and begins anew.
func (f *faults) take() []error {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.all
	f.all = nil
	return all
}
