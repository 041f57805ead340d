package metallb

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// writeSecrets does what the controller does once it runs: it fills the Secret of its webhook's certificate, which the chart leaves empty,
// and makes the one with which the speakers talk to each other (metallb:internal/k8s/k8s.go CreateMlSecret).
func (c *Controller) writeSecrets(ctx context.Context, pod *corev1.Pod) error {
	for _, volume := range pod.Spec.Volumes {
		if volume.Secret == nil {
			continue
		}
		if err := c.fill(ctx, pod.Namespace, volume.Secret.SecretName); err != nil {
			return err
		}
	}
	env := map[string]string{}
	for _, variable := range pod.Spec.Containers[0].Env {
		env[variable.Name] = variable.Value
	}
	if name := env["METALLB_ML_SECRET_NAME"]; name != "" {
		return c.makeMemberlist(ctx, pod.Namespace, name, env["METALLB_DEPLOYMENT"])
	}
	return nil
}

func (c *Controller) fill(ctx context.Context, namespace, name string) error {
	secrets := c.Client.CoreV1().Secrets(namespace)
	secret, err := secrets.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || err == nil && len(secret.Data) > 0 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading Secret %s/%s: %w", namespace, name, err)
	}
	secret.Data = map[string][]byte{}
	for _, key := range []string{"ca.crt", "ca.key", "tls.crt", "tls.key"} {
		secret.Data[key] = []byte("stand-in, the lab serves this webhook with another certificate\n")
	}
	if _, err := secrets.Update(ctx, secret, metav1.UpdateOptions{FieldManager: fieldManager}); err != nil && !apierrors.IsConflict(err) {
		return fmt.Errorf("filling Secret %s/%s: %w", namespace, name, err)
	}
	return nil
}

func (c *Controller) makeMemberlist(ctx context.Context, namespace, name, deployment string) error {
	secrets := c.Client.CoreV1().Secrets(namespace)
	if _, err := secrets.Get(ctx, name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		return err
	}
	owner, err := c.Client.AppsV1().Deployments(namespace).Get(ctx, deployment, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading Deployment %s/%s: %w", namespace, deployment, err)
	}
	random := make([]byte, 128)
	_, _ = rand.Read(random) // it does not fail
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, OwnerReferences: []metav1.OwnerReference{
			{APIVersion: "apps/v1", Kind: "Deployment", Name: owner.Name, UID: owner.UID},
		}},
		Data: map[string][]byte{"secretkey": []byte(base64.StdEncoding.EncodeToString(random))},
	}
	if _, err := secrets.Create(ctx, secret, metav1.CreateOptions{FieldManager: fieldManager}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("making Secret %s/%s: %w", namespace, name, err)
	}
	return nil
}
