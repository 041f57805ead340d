// Package containers knows which pods of a node really run, in containers, and which are simulated beside them: the lab has images for
// some programs, and a pod runs when it needs no other image.
package containers

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// BehaviourAnnotation on a pod asks for something that only a simulated pod can be asked for, see package stages. It keeps a pod simulated.
const BehaviourAnnotation = "lab.test/behaviour"

// Rule tells real pods from simulated ones. A nil Rule calls all of them simulated, which is a lab without containers.
type Rule struct {
	names map[string]bool
}

// New makes the rule of a lab that has images of these names. A name is the last component of a repository's, without tag and digest:
// "nginx" stands for docker.io/library/nginx:1.27 as it does for nginx@sha256:....
func New(names ...string) *Rule {
	r := &Rule{names: map[string]bool{}}
	for _, name := range names {
		r.names[name] = true
	}
	return r
}

// Read makes the rule of a file of names, one a line. Empty lines and what follows a # do not count.
func Read(path string) (*Rule, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the names of images: %w", err)
	}
	defer func() { _ = file.Close() }()
	var names []string
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		name, _, _ := strings.Cut(lines.Text(), "#")
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if name != Name(name) || strings.ContainsAny(name, " \t\"\\") {
			return nil, fmt.Errorf("reading the names of images: %q in %s is not the last component of a repository's name", name, path)
		}
		names = append(names, name)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the names of images: %w", err)
	}
	return New(names...), nil
}

// Name is the last component of the name of an image's repository; empty when there is none.
func Name(image string) string {
	repository, _, _ := strings.Cut(image, "@")
	last := repository[strings.LastIndexByte(repository, '/')+1:]
	name, _, _ := strings.Cut(last, ":")
	return name
}

// Real tells whether a pod runs in containers.
func (r *Rule) Real(pod *corev1.Pod) bool {
	if r == nil || len(pod.Spec.Containers) == 0 {
		return false
	}
	if _, asked := pod.Annotations[BehaviourAnnotation]; asked {
		return false
	}
	has := func(c corev1.Container) bool { return r.names[Name(c.Image)] }
	others := func(c corev1.Container) bool { return !has(c) }
	return !slices.ContainsFunc(pod.Spec.Containers, others) && !slices.ContainsFunc(pod.Spec.InitContainers, others)
}
