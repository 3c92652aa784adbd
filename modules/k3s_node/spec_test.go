package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/metal-stack/initial-cluster/internal/ansible"
)

func TestTheSpecificationFitsTheParams(t *testing.T) { assert.Empty(t, ansible.Check[params](spec)) }
