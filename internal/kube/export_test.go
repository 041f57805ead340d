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
