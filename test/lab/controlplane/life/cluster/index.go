package cluster

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/client-go/tools/cache"
)

func readySince(pod *corev1.Pod) (time.Time, bool) {
	if pod.DeletionTimestamp != nil {
		return time.Time{}, false
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
			return condition.LastTransitionTime.Time, true
		}
	}
	return time.Time{}, false
}

func podAddresses(object any) ([]string, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok || pod.Spec.HostNetwork || pod.Status.PodIP == "" {
		return nil, nil
	}
	return []string{pod.Status.PodIP}, nil
}

func nodeAddresses(object any) ([]string, error) {
	node, ok := object.(*corev1.Node)
	if !ok {
		return nil, nil
	}
	var addresses []string
	for _, address := range node.Status.Addresses {
		addresses = append(addresses, address.Address)
	}
	return addresses, nil
}

func sliceService(object any) ([]string, error) {
	slice, ok := object.(*discoveryv1.EndpointSlice)
	if !ok {
		return nil, nil
	}
	return []string{slice.Namespace + "/" + slice.Labels[discoveryv1.LabelServiceName]}, nil
}

func list[T any](informer cache.SharedIndexInformer) []T { return cast[T](informer.GetStore().List()) }

func indexed[T any](informer cache.SharedIndexInformer, index, value string) []T {
	objects, err := informer.GetIndexer().ByIndex(index, value)
	if err != nil {
		return nil // the index is one of this file's
	}
	return cast[T](objects)
}

func get[T any](informer cache.SharedIndexInformer, key string) T {
	var none T
	object, exists, err := informer.GetStore().GetByKey(key)
	if err != nil || !exists {
		return none
	}
	typed, _ := object.(T)
	return typed
}

func cast[T any](objects []any) []T {
	typed := make([]T, 0, len(objects))
	for _, object := range objects {
		if one, ok := object.(T); ok {
			typed = append(typed, one)
		}
	}
	return typed
}
