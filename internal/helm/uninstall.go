package helm

import (
	"context"
	"errors"
	"fmt"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/storage/driver"
)

// Uninstall takes a release off; one that is not there is no error. It goes on with a removal that was interrupted,
// and with a release that never came to be. It does not wait until the objects are gone, and leaves behind what the
// chart wants kept (helm.sh/resource-policy) and hooks without a delete policy, as Helm does.
func (c *Client) Uninstall(ctx context.Context, u UninstallSpec) error {
	what := fmt.Sprintf("uninstalling release %s/%s", u.Namespace, u.Release)
	done, err := c.turns.take(ctx, u.Namespace+"/"+u.Release)
	if err != nil {
		return stopped(ctx, what)
	}
	defer done()
	s, err := c.connect(ctx, u.Namespace, c.debugLog(ctx, redactor{}))
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	s.keep(redactor{})
	found, err := s.revisions(u.Release)
	if err != nil {
		return explain(ctx, err, s, what, redactor{})
	}
	if len(found) == 0 || uninstalled(found) && u.KeepHistory {
		return nil
	}
	un := action.NewUninstall(s.config)
	un.KeepHistory, un.Timeout, un.DeletionPropagation = u.KeepHistory, u.Timeout, "background"
	if un.Timeout <= 0 {
		un.Timeout = defaultTimeout
	}
	_, err = un.Run(u.Release)
	if errors.Is(err, driver.ErrReleaseNotFound) {
		return nil
	}
	return explain(ctx, err, s, what, valuesRedactor(found))
}

// valuesRedactor hides what the kept values hold under keys that sound like secrets.
func valuesRedactor(found []record) redactor {
	values, err := decodeNumbers[map[string]any](found[0].Config)
	if err != nil {
		return redactor{}
	}
	return newRedactor(values, nil)
}
