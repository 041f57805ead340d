package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/dxlab/terraform-provider-lab/internal/component"
)

// firstLooker is a model that compares what it is asked for with the cluster before anything is changed there.
type firstLooker interface {
	lookFirst(ctx context.Context, e Engine) error
}

// completer is a model part of whose component comes from elsewhere and is fetched only when it is installed.
type completer interface {
	complete(ctx context.Context, l Library, c component.Component) (component.Component, error)
}

// surveyor is a model that takes over more of its cluster than its component has. What it could not find out is null.
type surveyor interface {
	survey(ctx context.Context, e Engine) error
}

// prepared is the component as it will be installed, after its model has looked at the cluster and fetched the rest.
func (s *session) prepared(ctx context.Context, e Engine, m resourceModel, c component.Component) (component.Component, error) {
	if looker, ok := m.(firstLooker); ok {
		if err := looker.lookFirst(ctx, e); err != nil {
			return c, err
		}
	}
	if incomplete, ok := m.(completer); ok {
		return incomplete.complete(ctx, s.world.Library(), c)
	}
	return c, nil
}

func surveyed(ctx context.Context, e Engine, m resourceModel) error {
	if looker, ok := m.(surveyor); ok {
		return looker.survey(ctx, e)
	}
	return nil
}

// warnUnsurveyed says that everything is installed although not all could be read back; the next refresh tries again.
func warnUnsurveyed(err error, what string, diags *diag.Diagnostics) {
	if err != nil {
		diags.AddWarning("Not everything of "+what+" could be read back", sentence(err.Error())+"\n\nIt is installed; the next refresh looks again.")
	}
}
