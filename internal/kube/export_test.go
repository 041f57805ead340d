package kube

// AwaitLost waits until the forwarded port to an address has ended.
func (t *ServiceTransport) AwaitLost(address string) {
	t.mu.Lock()
	f := t.forwards[address]
	t.mu.Unlock()
	if f != nil {
		f.awaitLost()
	}
}

// AwaitLost waits until the forwarding behind the port has ended.
func (f *LastingForward) AwaitLost() { f.behind.awaitLost() }

func (r *reopened) awaitLost() {
	r.mu.Lock()
	f := r.forward
	r.mu.Unlock()
	if f != nil {
		<-f.Done()
	}
}
