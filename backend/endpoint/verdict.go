package endpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tidwall/gjson"
)

// Judge is a compiled Verdict.
type Judge struct {
	Verdict
	wrong  []int    // statuses that mean no
	texts  []string // of a page that is no
	any2xx bool     // every 2xx is an OKStatus
}

// Shape is what the answers are.
func (d Judge) Shape() Shape {
	if d.OK != "" {
		return Judgement
	}
	return Receipt
}

// Read reports whether the answer means yes. An error means that it is neither yes nor no.
func (d Judge) Read(r *Reply) (yes bool, err error) {
	if slices.Contains(d.wrong, r.Status) {
		return false, r.IsNo(d.texts)
	}
	if !slices.Contains(d.OKStatus, r.Status) && !(d.any2xx && r.Status >= 200 && r.Status < 300) {
		return false, Unexpected(r.Status)
	}
	if d.OK == "" && d.any2xx {
		if isPage(r.Body) {
			return false, errPage
		}
		return true, nil
	}
	if d.OK == "" && len(r.Body) == 0 {
		return true, nil
	}
	if !json.Valid(r.Body) {
		return false, ErrNotJSON
	}
	if d.OK == "" {
		return true, nil
	}
	if bytes.Count(r.Body, []byte(":")) > 1 && Repeats(gjson.ParseBytes(r.Body)) {
		return false, errTwice
	}
	return d.judge(gjson.GetBytes(r.Body, d.OK))
}

var (
	errPage  = errors.New("the answer is a page for people, perhaps a proxy's")
	errTwice = errors.New("the answer has a key twice")
)

func (d Judge) judge(v gjson.Result) (yes bool, err error) {
	if !v.Exists() || v.Type == gjson.Null {
		return false, fmt.Errorf("there is no %q in the answer (ok)", d.OK)
	}
	if len(d.OKValues) == 0 {
		yes, ok := Bool(v)
		if !ok {
			return false, fmt.Errorf("%q in the answer is neither true nor false (ok)", d.OK)
		}
		return yes, nil
	}
	said, ok := word(v)
	switch {
	case !ok:
		return false, fmt.Errorf("%q in the answer is not a string, number or boolean (ok)", d.OK)
	case slices.Contains(d.OKValues, said):
		return true, nil
	case len(d.WrongValues) == 0, slices.Contains(d.WrongValues, said):
		return false, nil
	default:
		return false, fmt.Errorf("%q in the answer is neither among ok_values nor among wrong_values", d.OK)
	}
}

// Compile checks the verdict. wrong are the statuses that mean no, texts those of their pages that are not JSON. needed
// forbids the default that every 2xx means yes.
func (d Verdict) Compile(wrong []int, texts []string, needed bool) (Judge, error) {
	c := Judge{Verdict: d, wrong: wrong, texts: texts}
	errs := []error{CheckTexts(texts)}
	switch {
	case len(d.OKStatus) > 0:
	case d.OK != "":
		c.OKStatus = []int{200}
	case needed:
		errs = append(errs, errors.New("it must say what a right answer is: "+
			"the path of true or false (ok), or a status (ok_status)"))
	default:
		c.any2xx = true
	}
	for _, status := range c.OKStatus {
		if status < 200 || status > 299 {
			errs = append(errs, fmt.Errorf("ok_status: %d is not a 2xx", status))
		}
		if slices.Contains(wrong, status) {
			errs = append(errs, fmt.Errorf("ok_status: %d cannot mean both right and wrong", status))
		}
	}
	for _, status := range wrong {
		if !Readable(status) {
			errs = append(errs, fmt.Errorf("wrong_status, unknown_status: %d cannot be an answer: "+
				"3xx, 408, 429 and 5xx are always errors", status))
		}
	}
	if d.OK == "" && len(d.OKValues) > 0 || len(d.OKValues) == 0 && len(d.WrongValues) > 0 {
		errs = append(errs, errors.New("ok_values needs ok, and wrong_values needs ok_values"))
	}
	for _, v := range d.OKValues {
		if slices.Contains(d.WrongValues, v) {
			errs = append(errs, errors.New("a value is in both ok_values and wrong_values"))
		}
	}
	if d.OK != "" {
		for _, nothing := range []string{`{}`, `[]`, `null`, `""`} {
			if yes, err := c.judge(gjson.Get(nothing, d.OK)); yes && err == nil {
				errs = append(errs, fmt.Errorf("ok: %q says yes to an empty answer", d.OK))
				break
			}
		}
	}
	return c, errors.Join(errs...)
}

// Readable reports whether settings may give a status a meaning.
func Readable(status int) bool {
	return status >= 200 && status < 500 && (status < 300 || status >= 400) && status != 408 && status != 429
}
