package hosttest

import (
	"testing"

	"github.com/metal-stack/initial-cluster/internal/host"
)

// Contract is what every host.Host keeps. It works in an empty folder of the host, which whoever the host runs commands as may change. Near is
// an address of this machine that the host reaches.
func Contract(t *testing.T, h host.Host, dir, near string) {
	t.Helper()
	c := contract{h, dir, near}
	for name, holds := range map[string]func(contract, *testing.T){
		"words arrive as they are":                              contract.words,
		"the environment arrives as it is":                      contract.environment,
		"standard input arrives as it is":                       contract.input,
		"no input is an empty one":                              contract.noInput,
		"input that cannot be read is told":                     contract.brokenInput,
		"output is streamed, or collected up to a bound":        contract.output,
		"an exit code is an error with the end of stderr":       contract.exitCode,
		"a command that is not there, or cannot be run":         contract.noCommand,
		"a command that a signal ended":                         contract.signal,
		"a command that makes no sense is refused":              contract.nonsense,
		"the end of the context ends a command and its kin":     contract.interrupted,
		"a command that does not want to end is made to":        contract.stubborn,
		"a command is over when it has ended, whoever is left":  contract.leftBehind,
		"commands may run at the same time":                     contract.together,
		"a file is written once":                                contract.file,
		"a file is replaced as a whole":                         contract.replace,
		"a file's owner":                                        contract.owner,
		"a folder":                                              contract.folder,
		"a link":                                                contract.link,
		"what is in the way stays":                              contract.inTheWay,
		"paths may have any name":                               contract.names,
		"a big file tells how far it is, and is sent once":      contract.big,
		"a part of a big file is continued":                     contract.part,
		"a part of other content is noticed, and made anew":     contract.wrongPart,
		"a file is read as a stream":                            contract.read,
		"what cannot be read is told":                           contract.unreadable,
		"what is there is told":                                 contract.stat,
		"removing takes all below, and nothing that links name": contract.remove,
		"paths that are not absolute are refused":               contract.relative,
		"an ended context is told":                              contract.ended,
		"a connection from the host":                            contract.dial,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			holds(c.below(t), t)
		})
	}
}

type contract struct {
	host.Host
	dir, near string
}
