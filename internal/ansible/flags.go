package ansible

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// Version is the collection's, set by the linker.
var Version = "development"

// call is what the command line asks for.
type call struct {
	argsFile     string // "-" is standard input
	progressFile string
}

// parse reads the command line. What people ask for by hand is answered at once (done).
func (p process) parse(spec Spec) (c call, code int, done bool) {
	flags := pflag.NewFlagSet(spec.Name, pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.SortFlags = false
	help := flags.BoolP("help", "h", false, "show this text")
	version := flags.Bool("version", false, "show the version of the collection")
	asJSON := flags.Bool("spec", false, "show the specification of the options as JSON")
	flags.StringVar(&c.progressFile, "progress", "", "while running, keep the process number and the newest line of progress in `FILE`")
	asked := make([]*bool, len(p.commands))
	for i, command := range p.commands {
		asked[i] = command.addTo(flags)
	}
	err := flags.Parse(p.args)
	if i := slices.IndexFunc(asked, func(yes *bool) bool { return *yes }); i >= 0 && err == nil && !*help {
		return c, p.command(spec, p.commands[i], flags.Args()), true
	}
	switch {
	case err != nil:
		return c, p.tell(p.stderr, 2, "%s: %v; %s --help shows how it is called\n", spec.Name, err, spec.Name), true
	case *help:
		return c, p.tell(p.stdout, 0, "%s", helpText(spec, flags.FlagUsages())), true
	case *version:
		return c, p.tell(p.stdout, 0, "%s %s\n", spec.Name, Version), true
	case *asJSON:
		return c, p.tell(p.stdout, 0, "%s\n", FormatJSON(spec.Describe())), true
	case flags.NArg() != 1:
		return c, p.tell(p.stderr, 2, "%s: an Ansible module, it wants one file with arguments; %s --help shows how it is called\n", spec.Name, spec.Name), true
	}
	c.argsFile = flags.Arg(0)
	return c, 0, false
}

func (p process) tell(to io.Writer, code int, format string, args ...any) int {
	if _, err := fmt.Fprintf(to, format, args...); err != nil {
		return 1
	}
	return code
}

func helpText(spec Spec, usages string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s - %s\n\n", spec.Name, spec.ShortDescription)
	for _, paragraph := range spec.Description {
		fmt.Fprintf(&b, "%s\n", wrap(plainText(paragraph), ""))
	}
	fmt.Fprintf(&b, `
By Ansible:  ansible localhost -m metalstack.initial_cluster.%[1]s -a 'OPTION=VALUE ...'
By hand:     echo '{"OPTION": "VALUE"}' | %[1]s -
             %[1]s FILE                            with the same JSON in FILE, as Ansible calls it
             echo '{"_ansible_check_mode": true, "_ansible_diff": true, "OPTION": "VALUE"}' | %[1]s -
                                                   shows what would change, and changes nothing
The result is one line of JSON on standard output; the exit code is 1 if it has failed.

`, spec.Name)
	usages = strings.ReplaceAll(usages, "[=true|false]", "             ") // which nobody types
	fmt.Fprintf(&b, "Flags:\n%s\nOptions (* is required):\n", usages)
	writeOptions(&b, spec.options(), "  ")
	return b.String()
}

func writeOptions(b *strings.Builder, options []Option, indent string) {
	for _, o := range options {
		mark := " "
		if o.Required {
			mark = "*"
		}
		facts := wrap(fmt.Sprintf("%s (%s)", o.Name, strings.Join(o.facts(), ", ")), indent+"      ")
		fmt.Fprintf(b, "%s%s %s\n", indent, mark, strings.TrimLeft(facts, " "))
		for _, paragraph := range o.Description {
			fmt.Fprintf(b, "%s\n", wrap(plainText(paragraph), indent+"      "))
		}
		writeOptions(b, o.Options, indent+"    ")
	}
}

// facts are what stands in parentheses behind an option's name.
func (o Option) facts() []string {
	facts := []string{string(o.Type.or(Str))}
	if o.Elements != "" {
		facts[0] += " of " + string(o.Elements)
	}
	if o.Default != nil {
		facts = append(facts, "default "+FormatJSON(toPython(o.Default)))
	}
	if o.Choices != nil {
		facts = append(facts, "one of "+joinStr(toPython(o.Choices).([]any)))
	}
	if o.Aliases != nil {
		facts = append(facts, "also called "+strings.Join(o.Aliases, ", "))
	}
	if o.Env != nil {
		facts = append(facts, "else from "+strings.Join(o.Env, ", "))
	}
	if o.NoLog == Secret {
		facts = append(facts, "secret")
	}
	return facts
}

// Ansible's markup: what is to be typed (C, V) gets quotes on the terminal, names go without.
var (
	typed = regexp.MustCompile(`\b[CV]\(([^()]*)\)`)
	named = regexp.MustCompile(`\b(?:[OEMBIUP]|RV)\(([^()]*)\)`)
)

func plainText(markup string) string {
	return named.ReplaceAllString(typed.ReplaceAllString(markup, "'$1'"), "$1")
}

const width = 110

func wrap(text, indent string) string {
	var b strings.Builder
	column := 0
	for _, word := range strings.Fields(text) {
		switch {
		case column == 0:
			b.WriteString(indent)
			column = len(indent)
		case column+1+len(word) > width:
			b.WriteString("\n" + indent)
			column = len(indent)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}
