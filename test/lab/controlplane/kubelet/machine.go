package kubelet

import (
	"fmt"

	cadvisorapi "github.com/google/cadvisor/info/v1"
	"k8s.io/kubernetes/pkg/kubelet/cadvisor"
)

// What the node claims to have, as the lab's other nodes do: the simulated pods on it ask for more than any test machine has, and use
// nothing.
const (
	claimedCPUs   = 64
	claimedMemory = 256 << 30
)

// machine is the machine that the kubelet believes to be on. Usage and file systems are the real ones.
type machine struct {
	cadvisor.Interface
}

// MachineInfo is the real machine's, with the claimed CPUs and memory. The kubelet takes the node's capacity from it.
func (m machine) MachineInfo() (*cadvisorapi.MachineInfo, error) {
	actual, err := m.Interface.MachineInfo()
	if err != nil {
		return nil, fmt.Errorf("looking at the machine: %w", err)
	}
	claimed := actual.Clone()
	claimed.NumCores, claimed.MemoryCapacity = claimedCPUs, claimedMemory
	return claimed, nil
}
