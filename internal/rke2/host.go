package rke2

import (
	"context"

	"github.com/dxlab/terraform-provider-lab/internal/host"
)

// Host is what this package needs of a machine; *host.Host is one.
type Host interface {
	// String is how messages call the machine, as the user wrote it.
	String() string
	Run(ctx context.Context, command host.Command) (host.Result, error)
	ReadFile(ctx context.Context, path string) ([]byte, error)
	WriteFile(ctx context.Context, file host.File) (bool, error)
	Upload(ctx context.Context, file host.UploadFile) error
	Lock(ctx context.Context, options host.LockOptions) (*host.Lock, error)
}
