package ansible

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
)

// maxExponent bounds the integers that a text such as 1e999999999 may ask for: Python would fill the memory with them.
const maxExponent = 1_000_000

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

// decimalInt is int(Decimal(s)), if s is a decimal number without a fraction.
func decimalInt(s string) (*big.Int, bool) {
	text := strings.ReplaceAll(asciiNumber(s, isSpace), "_", "")
	mantissa, exponent, hasExponent := cutExponent(text)
	sign, digits := "", mantissa
	if strings.HasPrefix(digits, "-") || strings.HasPrefix(digits, "+") {
		sign, digits = digits[:1], digits[1:]
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	if whole+fraction == "" || !allDigits(whole+fraction) {
		return nil, false
	}
	e := 0
	if hasExponent {
		n, err := strconv.Atoi(exponent)
		if err != nil || !allDigits(strings.TrimLeft(exponent[:1], "+-")+exponent[1:]) {
			return nil, false
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
func shiftedInt(sign, digits string, shift int) (*big.Int, bool) {
	value, _ := new(big.Int).SetString(digits, 10)
	switch {
	case value.Sign() == 0:
		return value, true
	case shift > maxExponent || shift < -maxExponent:
		return nil, false
	case shift >= 0:
		value.Mul(value, power10(shift))
	default:
		remainder := new(big.Int)
		if value.QuoRem(value, power10(-shift), remainder); remainder.Sign() != 0 {
			return nil, false
		}
	}
	if sign == "-" {
		value.Neg(value)
	}
	return value, true
}

func power10(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
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
