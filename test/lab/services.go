package lab

import (
	"context"
	"net/http"
)

// services is what listens on ServicePort.
func services(_ context.Context, _ Options) (http.Handler, error) {
	return http.NewServeMux(), nil
}
