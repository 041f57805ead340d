package kube

// AwaitLost waits until the forwarded port to an address has ended.
func (t *ServiceTransport) AwaitLost(address string) {
	t.mu.Lock()
	f := t.forwards[address]
	t.mu.Unlock()
	if f != nil {
		<-f.Done()
	}
}

// AwaitLost waits until the forwarding behind the port has ended.
func (f *LastingForward) AwaitLost() {
	f.mu.Lock()
	forward := f.forward
	f.mu.Unlock()
	<-forward.Done()
}
