package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/jointoken"
)

// runToken is `rke2 token`: generate and rotate. The stand-in has no short-lived tokens.
func runToken(ctx context.Context, args []string, logger *slog.Logger) error {
	do, rest, err := subcommand("token", args, map[string]command{"generate": generateToken, "rotate": rotateToken})
	if err != nil {
		return err
	}
	return do(ctx, rest, logger)
}

func generateToken(context.Context, []string, *slog.Logger) error {
	random := jointoken.NewPassword()
	_, err := fmt.Fprintln(os.Stdout, random[:6]+"."+random[6:22])
	return err
}

func rotateToken(ctx context.Context, args []string, logger *slog.Logger) error {
	o := newOptions("token rotate")
	var next string
	o.StringVar(&next, "new-token", "", "new server token")
	if _, err := o.parse(args); err != nil {
		return err
	}
	if o.token == "" {
		return errors.New("old token not provided")
	}
	if next == "" {
		logger.Warn("new-token not provided, generating a random token")
		next = jointoken.NewPassword()
	}
	client, err := o.connect(ctx)
	if err != nil {
		return err
	}
	if err := client.Call(ctx, http.MethodPut, "/v1-rke2/token", map[string]string{"newToken": next}, nil); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(os.Stdout, "WARNING: Recommended to keep a record of the old token. If restoring from a snapshot, "+
		"you must use the token associated with that snapshot.")
	_, err = fmt.Fprintln(os.Stdout, "Token rotated, restart rke2 nodes with new token")
	return err
}
