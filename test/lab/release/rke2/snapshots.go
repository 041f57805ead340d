package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"text/tabwriter"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/snapshot"
)

// runSnapshot is `rke2 etcd-snapshot`: save, list (ls), delete, prune.
func runSnapshot(ctx context.Context, args []string, logger *slog.Logger) error {
	do, rest, err := subcommand("etcd-snapshot", args, map[string]command{
		"save": saveSnapshot, "list": listSnapshots, "ls": listSnapshots, "l": listSnapshots, "delete": deleteSnapshots, "prune": pruneSnapshots,
	})
	if err != nil {
		return err
	}
	return do(ctx, rest, logger)
}

// snapshotOptions are the flags of the snapshot commands.
type snapshotOptions struct {
	*options
	name      string
	dir       string
	output    string
	compress  bool
	retention int
	s3        bool
}

func newSnapshotOptions(name string) *snapshotOptions {
	o := &snapshotOptions{options: newOptions("etcd-snapshot " + name)}
	o.StringVar(&o.name, "name", "on-demand", "first part of the name")
	for _, n := range []string{"dir", "etcd-snapshot-dir"} {
		o.StringVar(&o.dir, n, "", "folder of the snapshots")
	}
	for _, n := range []string{"output", "o"} {
		o.StringVar(&o.output, n, "table", "table, json or yaml")
	}
	for _, n := range []string{"snapshot-compress", "etcd-snapshot-compress"} {
		o.BoolVar(&o.compress, n, false, "compress the snapshot")
	}
	for _, n := range []string{"snapshot-retention", "etcd-snapshot-retention"} {
		o.IntVar(&o.retention, n, 5, "how many to keep")
	}
	for _, n := range []string{"s3", "etcd-s3"} {
		o.BoolVar(&o.s3, n, false, "not in the stand-in")
	}
	return o
}

// ask sends a request to the running server.
func (o *snapshotOptions) ask(ctx context.Context, r snapshot.Request) (snapshot.Result, error) {
	var result snapshot.Result
	if o.s3 {
		return result, errors.New("the stand-in keeps snapshots on this host only, not on S3")
	}
	client, err := o.connect(ctx)
	if err != nil {
		return result, err
	}
	r.Dir = o.dir
	return result, client.Call(ctx, http.MethodPost, "/db/snapshot", r, &result)
}

func saveSnapshot(ctx context.Context, args []string, logger *slog.Logger) error {
	o := newSnapshotOptions("save")
	rest, err := o.parse(args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return errors.New("this command does not take any arguments")
	}
	result, err := o.ask(ctx, snapshot.Request{Operation: "save", Names: []string{o.name}, Compress: o.compress})
	for _, name := range result.Created {
		logger.Info("Snapshot " + name + " saved.")
	}
	return err
}

func deleteSnapshots(ctx context.Context, args []string, logger *slog.Logger) error {
	o := newSnapshotOptions("delete")
	names, err := o.parse(args)
	if err != nil {
		return err
	}
	result, err := o.ask(ctx, snapshot.Request{Operation: "delete", Names: names})
	for _, name := range result.Deleted {
		logger.Info("Snapshot " + name + " deleted.")
	}
	return err
}

func pruneSnapshots(ctx context.Context, args []string, logger *slog.Logger) error {
	o := newSnapshotOptions("prune")
	if _, err := o.parse(args); err != nil {
		return err
	}
	result, err := o.ask(ctx, snapshot.Request{Operation: "prune", Names: []string{o.name}, Retention: o.retention})
	for _, name := range result.Deleted {
		logger.Info("Snapshot " + name + " deleted.")
	}
	return err
}

func listSnapshots(ctx context.Context, args []string, _ *slog.Logger) error {
	o := newSnapshotOptions("list")
	if _, err := o.parse(args); err != nil {
		return err
	}
	result, err := o.ask(ctx, snapshot.Request{Operation: "list"})
	if err != nil {
		return err
	}
	switch o.output {
	case "json":
		return json.NewEncoder(os.Stdout).Encode(kubeapi.Object{
			"kind": "ETCDSnapshotFileList", "apiVersion": "k3s.cattle.io/v1", "metadata": kubeapi.Object{}, "items": result.Files,
		})
	case "table", "":
	default:
		return errors.New("invalid output format: " + o.output)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	_, _ = fmt.Fprint(w, "Name\tLocation\tSize\tCreated\n")
	for _, f := range result.Files {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", kubeapi.Text(f, "spec", "snapshotName"), kubeapi.Text(f, "spec", "location"),
			kubeapi.Text(f, "status", "size"), kubeapi.Text(f, "status", "creationTime"))
	}
	return w.Flush()
}
