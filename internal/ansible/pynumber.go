package ansible

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
)

// asciiNumber is what float and Decimal read of a text: without outer blanks, with ASCII digits for those of other scripts.
func asciiNumber(s string, isBlank func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII && isDecimal(r) {
			return '0' + digitValue(r)
		}
		return r
	}, strings.TrimFunc(s, isBlank))
}

// isCSpace is C's isspace, isFloatSpace what float() drops: of ASCII only that.
func isCSpace(r rune) bool     { return r == ' ' || r >= '\t' && r <= '\r' }
func isFloatSpace(r rune) bool { return isCSpace(r) || r > unicode.MaxASCII && isSpace(r) }

// digitValue counts from the zero of the digit's script: Unicode gives the decimal digits of a script ten code points in a row,
// and the mathematical digits follow one another in tens as well.
func digitValue(r rune) rune {
	if r >= 0x1D7CE && r <= 0x1D7FF {
		return (r - 0x1D7CE) % 10
	}
	zero := r
	for zero > 0 && r-zero < 9 && unicode.Is(unicode.Nd, zero-1) {
		zero--
	}
	return (r - zero) % 10
}

// longestInt is how many digits an integer may have that a text gives. Python has no bound here, though it prints no more than
// maxDigits; a million would take it, and us, minutes.
const longestInt = 100_000

// errTooManyDigits is what Python says of an integer that it does not print.
//
//lint:ignore ST1005 Python's words
var errTooManyDigits = fmt.Errorf("Exceeds the limit (%d digits) for integer string conversion; use sys.set_int_max_str_digits() to increase the limit", maxDigits)

// decimalInt is int(Decimal(s)), if s is a decimal number without a fraction.
func decimalInt(s string) (i *big.Int, isWhole bool, err error) {
	text := strings.ReplaceAll(asciiNumber(s, isSpace), "_", "")
	mantissa, exponent, hasExponent := cutExponent(text)
	sign, digits := "", mantissa
	if strings.HasPrefix(digits, "-") || strings.HasPrefix(digits, "+") {
		sign, digits = digits[:1], digits[1:]
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	if whole+fraction == "" || !allDigits(whole+fraction) {
		return nil, false, nil
	}
	e := 0
	if hasExponent {
		n, err := strconv.Atoi(exponent)
		if err != nil || !allDigits(strings.TrimLeft(exponent[:1], "+-")+exponent[1:]) {
			return nil, false, nil
		}
		e = n
	}
	return shiftedInt(sign, whole+fraction, e-len(fraction))
}

func cutExponent(text string) (mantissa, exponent string, has bool) {
	i := strings.IndexAny(text, "eE")
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+1:], true
}

// shiftedInt is digits * 10^shift, if that is whole.
func shiftedInt(sign, digits string, shift int) (i *big.Int, isWhole bool, err error) {
	digits = strings.TrimLeft(digits, "0")
	significant := strings.TrimRight(digits, "0")
	shift += len(digits) - len(significant)
	switch {
	case significant == "":
		return new(big.Int), true, nil
	case shift < 0:
		return nil, false, nil
	case shift > longestInt-len(significant):
		return nil, true, errTooManyDigits
	}
	i, isWhole = new(big.Int).SetString(sign+significant+strings.Repeat("0", shift), 10)
	return i, isWhole, nil
}

// prints tells whether Python prints an integer.
func prints(i *big.Int) bool {
	return i.CmpAbs(new(big.Int).Exp(big.NewInt(10), big.NewInt(maxDigits), nil)) < 0
}

func allDigits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

// parseFloat is Python's float(s).
func parseFloat(s string) (float64, bool) {
	text := strings.ToLower(asciiNumber(s, isFloatSpace))
	switch strings.TrimLeft(text, "+-") {
	case "inf", "infinity", "nan":
		if strings.HasPrefix(text, "++") || strings.HasPrefix(text, "--") || strings.HasPrefix(text, "+-") || strings.HasPrefix(text, "-+") {
			return 0, false
		}
		f, err := strconv.ParseFloat(text, 64)
		if strings.HasSuffix(text, "nan") {
			return otherNaN, true
		}
		return f, err == nil
	}
	plain, ok := dropUnderscores(text)
	if !ok || strings.Trim(plain, "0123456789+-.e") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(plain, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

// dropUnderscores removes the underscores of a number; each must stand between two digits.
func dropUnderscores(s string) (string, bool) {
	for i := range len(s) {
		if s[i] != '_' {
			continue
		}
		if i == 0 || i == len(s)-1 || !allDigits(s[i-1:i]) || !allDigits(s[i+1:i+2]) {
			return "", false
		}
	}
	return strings.ReplaceAll(s, "_", ""), true
}

// roundInt is Python's int(round(f)): halves go to the even neighbour.
func roundInt(f float64) (*big.Int, bool) {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, false
	}
	i, _ := new(big.Float).SetFloat64(math.RoundToEven(f)).Int(nil)
	return i, true
}
