package kubelet

import (
	"testing"

	cadvisorapi "github.com/google/cadvisor/info/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/kubelet/cadvisor"
)

// small is a test machine.
type small struct {
	cadvisor.Interface
	info *cadvisorapi.MachineInfo
}

func (s small) MachineInfo() (*cadvisorapi.MachineInfo, error) { return s.info, nil }

func TestMachine_IsBigEnoughForSimulatedPods(t *testing.T) {
	t.Parallel()
	info := &cadvisorapi.MachineInfo{NumCores: 2, MemoryCapacity: 8 << 30, MachineID: "m"}
	claimed, err := machine{small{info: info}}.MachineInfo()
	if err != nil {
		t.Fatal(err)
	}
	capacity := cadvisor.CapacityFromMachineInfo(claimed)
	if cpu, memory := capacity[corev1.ResourceCPU], capacity[corev1.ResourceMemory]; cpu.String() != "64" || memory.String() != "256Gi" {
		t.Errorf("the node has %s CPUs and %s", cpu.String(), memory.String())
	}
	if claimed.MachineID != "m" {
		t.Errorf("machine %q", claimed.MachineID)
	}
	if info.NumCores != 2 || info.MemoryCapacity != 8<<30 {
		t.Error("cAdvisor's own picture of the machine was changed")
	}
}
