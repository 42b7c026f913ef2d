package pbx

import (
	_ "embed"
	"fmt"
	"strings"
)

// Line is the service line that Countersign answers the calls with.
//
//go:embed conf/countersign.yaml
var Line string

type customer struct{ account, pin string }

// customers are the table that all three ways know: enough that callers seldom are the same customer at the same time.
var customers = func() (all []customer) {
	for i := range 60 {
		all = append(all, customer{account: fmt.Sprint(100042 + i), pin: fmt.Sprintf("%04d", (2468+i*1637)%10000)})
	}
	return all
}()

// Customers is the table for `countersign customers import`.
func Customers() string {
	var csv strings.Builder
	csv.WriteString("id,name,account,pin\n")
	for _, c := range customers {
		fmt.Fprintf(&csv, "C-%s,Ada Lovelace,%s,%s\n", c.account, c.account, c.pin)
	}
	return csv.String()
}

// table is the same for the script and the dialplan, as a regular expression.
func table() string {
	var rows []string
	for _, c := range customers {
		rows = append(rows, c.account+"-"+c.pin)
	}
	return strings.Join(rows, "|")
}
