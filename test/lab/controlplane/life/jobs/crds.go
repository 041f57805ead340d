package jobs

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// definition is a custom resource definition in a manifest.
type definition = *apiextensionsv1.CustomResourceDefinition

// largest bounds an archive in a ConfigMap, unpacked.
const largest = 32 << 20

// createCRDs does what the Job of a chart of definitions does (rancher-monitoring-crd:templates/jobs.yaml): it unpacks the ConfigMap that
// the pod mounts and makes, or updates, what is in it.
func (r *Runner) createCRDs(ctx context.Context, pod *corev1.Pod) error {
	all, key, err := r.manifest(ctx, pod)
	if err != nil {
		return err
	}
	r.manifests[key] = all
	client := r.CRDs.ApiextensionsV1().CustomResourceDefinitions()
	var errs []error
	for _, crd := range all {
		_, err := client.Create(ctx, crd, metav1.CreateOptions{FieldManager: "kubectl"})
		if apierrors.IsAlreadyExists(err) {
			var live definition
			if live, err = client.Get(ctx, crd.Name, metav1.GetOptions{}); err == nil {
				live.Spec = crd.Spec
				_, err = client.Update(ctx, live, metav1.UpdateOptions{FieldManager: "kubectl"})
			}
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (r *Runner) deleteCRDs(ctx context.Context, pod *corev1.Pod) error {
	all, key, err := r.manifest(ctx, pod)
	if apierrors.IsNotFound(err) {
		all, err = r.manifests[key], nil
	}
	if err != nil {
		return err
	}
	var errs []error
	for _, crd := range all {
		err := r.CRDs.ApiextensionsV1().CustomResourceDefinitions().Delete(ctx, crd.Name, metav1.DeleteOptions{})
		if !apierrors.IsNotFound(err) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// manifest reads the ConfigMap that a pod mounts. key names it, also when it is gone.
func (r *Runner) manifest(ctx context.Context, pod *corev1.Pod) (all []definition, key string, err error) {
	for _, volume := range pod.Spec.Volumes {
		if volume.ConfigMap == nil {
			continue
		}
		key = pod.Namespace + "/" + volume.ConfigMap.Name
		config, err := r.Client.CoreV1().ConfigMaps(pod.Namespace).Get(ctx, volume.ConfigMap.Name, metav1.GetOptions{})
		if err != nil {
			return nil, key, err
		}
		for name, text := range config.Data {
			packed, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
			if err != nil {
				return nil, key, fmt.Errorf("reading %s of ConfigMap %s: %w", name, key, err)
			}
			if all, err = unpack(packed); err != nil {
				return nil, key, fmt.Errorf("unpacking %s of ConfigMap %s: %w", name, key, err)
			}
		}
		return all, key, nil
	}
	return nil, "", nil
}

// unpack reads an archive of manifests, or the manifests themselves, which is how a miniature of a chart can have them.
func unpack(packed []byte) ([]definition, error) {
	if !bytes.HasPrefix(packed, []byte{0x1f, 0x8b}) {
		return parse(packed)
	}
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	var all []definition
	for archive := tar.NewReader(io.LimitReader(plain, largest)); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			return nil, err
		}
		found, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", header.Name, err)
		}
		all = append(all, found...)
	}
}

func parse(text []byte) ([]definition, error) {
	var all []definition
	for _, doc := range bytes.Split(text, []byte("\n---")) {
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.Unmarshal(bytes.TrimPrefix(doc, []byte("---")), crd); err != nil {
			return nil, err
		}
		if crd.Kind == "CustomResourceDefinition" {
			all = append(all, crd)
		}
	}
	return all, nil
}
