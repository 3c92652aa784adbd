package ansible

// Type is the type of an option, in Ansible's words.
type Type string

// The types of Ansible's argument_spec. The empty Type is Str, as there.
const (
	Str     Type = "str"
	Int     Type = "int"
	Float   Type = "float"
	Bool    Type = "bool"
	List    Type = "list"
	Dict    Type = "dict"
	Path    Type = "path"
	Raw     Type = "raw"
	JSON    Type = "json"
	JSONArg Type = "jsonarg"
	Bytes   Type = "bytes"
	Bits    Type = "bits"
)

// Spec is one module: its options as Ansible's argument_spec has them, and what ansible-doc tells of it. It is the only place
// where either is written down; the documentation below plugins/modules is made from it.
type Spec struct {
	Name             string   // without the collection: gcp_create
	ShortDescription string   // one line, no full stop
	Description      []string // paragraphs
	VersionAdded     string   // of the collection; empty for those there from the beginning
	Notes            []string
	SeeAlso          []string // full module names
	Examples         string   // YAML, a list of tasks
	Returns          []Return
	Options          []Option // in the order in which problems are reported
	Constraints
	AddFileCommonArgs bool // Ansible's mode, owner, group and the like
}

// Option is one entry of an argument_spec. A nil Default means there is none.
type Option struct {
	Name              string
	Description       []string // paragraphs
	VersionAdded      string   // of the collection; empty for those there from the beginning
	Type              Type
	Elements          Type // of a List
	Required          bool
	Default           any
	Choices           []any
	Aliases           []string
	NoLog             NoLog
	SecretEntries     func(map[string]any) []string // of a Dict without suboptions: the texts in it that are secret
	Env               []string                      // fallback: the first of these environment variables that exists
	RemovedInVersion  string
	RemovedAtDate     string // YYYY-MM-DD; goes before RemovedInVersion
	RemovedFrom       string // the collection that deprecates
	DeprecatedAliases []DeprecatedAlias
	Options           []Option // suboptions of a Dict, or of a List of Dict
	ApplyDefaults     bool     // an absent Dict appears, with its suboptions' defaults
	Constraints                // between the suboptions
}

// NoLog says whether a value is a secret. Unset differs from No only in that Ansible warns of names that look like a password.
type NoLog int

// The three answers to no_log.
const (
	NoLogUnset NoLog = iota
	Secret
	NotSecret
)

// DeprecatedAlias is an alias that still works and warns.
type DeprecatedAlias struct {
	Name, Version, Date, Collection string
}

// Constraints are the rules between the options of one level, in Ansible's terms.
type Constraints struct {
	MutuallyExclusive [][]string
	RequiredTogether  [][]string
	RequiredOneOf     [][]string
	RequiredIf        []RequiredIf
	RequiredBy        []RequiredBy
}

// RequiredIf requires options (all of them, or with OneOf any) once Option has Value.
type RequiredIf struct {
	Option   string
	Value    any
	Requires []string
	OneOf    bool
}

// RequiredBy requires options once Option is given.
type RequiredBy struct {
	Option   string
	Requires []string
}

// Return documents one value of a result.
type Return struct {
	Name        string
	Description string
	Type        Type
	Elements    Type
	Returned    string // when: "always", "on success", ...
	Sample      any
	Contains    []Return
}
