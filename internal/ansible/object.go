package ansible

import (
	"iter"
	"math/big"
	"slices"
)

// Values inside this package are those that Python would have: nil, bool, string (UTF-8, and for lone surrogates the three bytes
// that UTF-8 would give them), *big.Int, float64, []any (list), pyTuple, pySet, pyBytes and *Object (dict).
type (
	// pyTuple is Python's tuple.
	pyTuple []any
	// pySet is Python's set, without its lack of order.
	pySet []any
	// pyBytes is Python's bytes.
	pyBytes string
)

// Object is a Python dict: it keeps the order in which keys came, and an *Object shared by two keys is one dict.
type Object struct {
	entries []entry
	index   map[any]int
}

type entry struct{ key, value any }

// NewObject gives a dict without entries.
func NewObject() *Object { return &Object{index: map[any]int{}} }

// Get is Python's get with None for what is missing.
func (o *Object) Get(key any) any {
	value, _ := o.Lookup(key)
	return value
}

// Lookup tells also whether the key is there.
func (o *Object) Lookup(key any) (any, bool) {
	i, ok := o.index[hashKey(key)]
	if !ok {
		return nil, false
	}
	return o.entries[i].value, true
}

// Has tells whether the key is there.
func (o *Object) Has(key any) bool {
	_, ok := o.index[hashKey(key)]
	return ok
}

// Set gives a key a value; a key that was there keeps its place.
func (o *Object) Set(key, value any) {
	hashed := hashKey(key)
	if i, ok := o.index[hashed]; ok {
		o.entries[i].value = value
		return
	}
	o.index[hashed] = len(o.entries)
	o.entries = append(o.entries, entry{key, value})
}

// Delete removes a key if it is there.
func (o *Object) Delete(key any) {
	hashed := hashKey(key)
	at, ok := o.index[hashed]
	if !ok {
		return
	}
	o.entries = slices.Delete(o.entries, at, at+1)
	delete(o.index, hashed)
	for k, i := range o.index {
		if i > at {
			o.index[k] = i - 1
		}
	}
}

// Len is the number of keys.
func (o *Object) Len() int { return len(o.entries) }

// All goes over keys and values in order.
func (o *Object) All() iter.Seq2[any, any] {
	return func(yield func(any, any) bool) {
		for _, e := range o.entries {
			if !yield(e.key, e.value) {
				return
			}
		}
	}
}

// hashKey gives equal keys one Go value: to Python 1, 1.0 and True are the same key.
func hashKey(key any) any {
	switch k := key.(type) {
	case string, nil, pyBytes:
		return k
	case bool, *big.Int, float64:
		return numberKey(toRat(k), k)
	default:
		return "\x00" + pyRepr(key) // a tuple
	}
}

type ratKey string

func numberKey(r *big.Rat, value any) any {
	if r == nil { // NaN and the infinities
		return value
	}
	return ratKey(r.RatString())
}

// deepCopy is Python's deepcopy for values without shared parts.
func deepCopy(value any) any {
	switch v := value.(type) {
	case []any:
		return copyAll(v)
	case pyTuple:
		return pyTuple(copyAll(v))
	case pySet:
		return pySet(copyAll(v))
	case *Object:
		o := NewObject()
		for key, element := range v.All() {
			o.Set(key, deepCopy(element))
		}
		return o
	}
	return value
}

func copyAll(list []any) []any {
	copied := make([]any, len(list))
	for i, element := range list {
		copied[i] = deepCopy(element)
	}
	return copied
}
