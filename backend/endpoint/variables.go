package endpoint

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

var variable = regexp.MustCompile(`\$\{([^}]*)\}?`)

// Expand replaces variables, ${NAME}, in the value of a setting. Its error names all that are wrong, and shows no
// value.
func Expand(setting, value string, env func(string) (string, bool)) (string, error) {
	var errs []error
	value = variable.ReplaceAllStringFunc(value, func(found string) string {
		name := strings.TrimSuffix(strings.TrimPrefix(found, "${"), "}")
		v, ok := env(name)
		switch {
		case name == "" || !strings.HasSuffix(found, "}"):
			errs = append(errs, fmt.Errorf("%s: write a variable as ${NAME}", setting))
		case !ok:
			errs = append(errs, fmt.Errorf("%s: the environment variable %s is not set", setting, name))
		case v == "":
			errs = append(errs, fmt.Errorf("%s: the environment variable %s is empty", setting, name))
		}
		return v
	})
	return value, errors.Join(errs...)
}
