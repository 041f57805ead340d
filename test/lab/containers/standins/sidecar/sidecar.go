// Package sidecar knows what kiwigrid's k8s-sidecar does beside Grafana: it writes the ConfigMaps and Secrets that have a label into a folder, keeps
// them there as long as they exist, and tells Grafana to read them (https://github.com/kiwigrid/k8s-sidecar, README.md@2.10.1).
package sidecar

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"golang.org/x/sync/errgroup"
)

// options are its variables; others are not minded.
type options struct {
	// watch is false where it ends after having written what there is (METHOD=LIST).
	watch             bool
	label, labelValue string
	folder            string
	// folderAnnotation names another folder for what an object has (FOLDER_ANNOTATION).
	folderAnnotation string
	// kinds are the resources to look for, "configmaps" and "secrets".
	kinds []string
	// namespaces to look in; empty is all.
	namespaces []string
	request    request
}

// Run does its work until ctx ends, or once. It has no arguments.
func Run(ctx context.Context, _ []string) error {
	cluster, err := inCluster()
	if err != nil {
		return err
	}
	o, err := readOptions(os.LookupEnv, cluster.namespace)
	if err != nil {
		return err
	}
	return run(ctx, cluster, o)
}

func run(ctx context.Context, c *cluster, o options) error {
	files := &folder{options: o, by: map[string][]string{}}
	group, ctx := errgroup.WithContext(ctx)
	namespaces := o.namespaces
	if len(namespaces) == 0 {
		namespaces = []string{""}
	}
	for _, kind := range o.kinds {
		for _, namespace := range namespaces {
			group.Go(func() error {
				if !o.watch {
					_, err := c.list(ctx, kind, namespace, o.selector(), files)
					return err
				}
				c.follow(ctx, kind, namespace, o.selector(), files)
				return nil
			})
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if !o.watch {
		slog.InfoContext(ctx, "Initial sync complete, exiting")
		o.request.send(ctx)
	}
	return nil
}

func (o options) selector() string {
	if o.labelValue == "" {
		return o.label
	}
	return o.label + "=" + o.labelValue
}

const everywhere = "ALL"

// readOptions reads the variables; env is like os.LookupEnv, home the namespace of the pod.
func readOptions(env func(string) (string, bool), home string) (options, error) {
	value := func(name, otherwise string) string {
		if text, ok := env(name); ok && text != "" {
			return text
		}
		return otherwise
	}
	o := options{
		label: value("LABEL", ""), labelValue: value("LABEL_VALUE", ""), folder: value("FOLDER", ""),
		folderAnnotation: value("FOLDER_ANNOTATION", "k8s-sidecar-target-directory"),
		request: request{
			url: value("REQ_URL", ""), method: value("REQ_METHOD", "GET"), payload: value("REQ_PAYLOAD", ""),
			user: value("REQ_USERNAME", ""), password: value("REQ_PASSWORD", ""),
		},
	}
	if o.label == "" || o.folder == "" {
		return o, fmt.Errorf("should have added %s as environment variable, Exit", strings.Join(missing(map[string]string{"LABEL": o.label, "FOLDER": o.folder}), " and "))
	}
	o.namespaces = strings.Split(value("NAMESPACE", home), ",")
	if o.namespaces[0] == everywhere {
		o.namespaces = nil
	}
	resource, method := value("RESOURCE", "configmap"), value("METHOD", "WATCH")
	var known, knownMethod bool
	if o.kinds, known = kinds[resource]; !known {
		return o, fmt.Errorf("there is no resource %q: it is configmap, secret or both", resource)
	}
	if o.watch, knownMethod = watches[method]; !knownMethod {
		return o, fmt.Errorf("there is no method %q: it is WATCH, SLEEP or LIST", method)
	}
	return o, nil
}

// kinds are what RESOURCE can be, and watches what METHOD can be: whether it goes on after the first list.
var (
	kinds   = map[string][]string{"configmap": {"configmaps"}, "secret": {"secrets"}, "both": {"secrets", "configmaps"}}
	watches = map[string]bool{"WATCH": true, "SLEEP": true, "LIST": false}
)

func missing(of map[string]string) []string {
	var out []string
	for _, name := range []string{"LABEL", "FOLDER"} {
		if of[name] == "" {
			out = append(out, name)
		}
	}
	return out
}
