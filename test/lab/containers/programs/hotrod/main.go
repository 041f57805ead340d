// Command hotrod is Jaeger's example application HotROD, built from its Go module.
package main

import "github.com/jaegertracing/jaeger/examples/hotrod/cmd"

func main() { cmd.Execute() }
