package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers"
)

// buildContainers builds the images of the containers that really run, and lists them.
func buildContainers(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("containers", flag.ContinueOnError)
	if err := parse(flags, args, func(n int) bool { return n == 0 }); err != nil {
		return err
	}
	set, err := containers.Ensure(ctx, func(line string) { say("%s", line) })
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "IMAGE\tMB\tREAL\tCONTENTS")
	for _, image := range set.Images() {
		runs := "yes"
		if image.StandIn {
			runs = "no"
		}
		_, _ = fmt.Fprintf(table, "%s\t%.1f\t%s\t%s\n", image.Name, float64(image.Size)/1e6, runs, image.Contents)
	}
	return table.Flush()
}
