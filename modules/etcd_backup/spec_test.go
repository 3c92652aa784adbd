package main

import (
	"testing"

	"github.com/metal-stack/initial-cluster/testing/moduledoc"
)

func TestSpecification(t *testing.T) { moduledoc.Check[params](t, spec) }
