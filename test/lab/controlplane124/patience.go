package main

import (
	"time"
	_ "unsafe" // for go:linkname
)

// nodePollInterval is what the controller manager waits before it looks at the nodes for the first time, and every controller that starts
// after the allocator of address ranges with it: ten seconds, because it may come up before the API does. Here it never does.
//
//go:linkname nodePollInterval k8s.io/kubernetes/pkg/controller/nodeipam/ipam.nodePollInterval
var nodePollInterval time.Duration

func init() { nodePollInterval = 50 * time.Millisecond }
