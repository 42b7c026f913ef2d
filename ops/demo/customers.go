package demo

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
)

// Customers are the customers of the sample bank, as CSV to import. The demo adds more like them, so that nobody calls
// so often that a limit is met.
//
//go:embed sample_customers.csv
var Customers []byte

// customer is a customer with what they key and say, by the CSV's columns.
type customer map[string]string

// sampleCustomers are those of the CSV, by account.
func sampleCustomers() (map[string]customer, error) {
	rows, err := csv.NewReader(bytes.NewReader(Customers)).ReadAll()
	if err != nil {
		return nil, err
	}
	all := map[string]customer{}
	for _, row := range rows[1:] {
		c := customer{}
		for i, column := range rows[0] {
			c[column] = row[i]
		}
		all[c["account"]] = c
	}
	return all, nil
}

// Area codes in which 555-0100 to 555-0199 are given to nobody: for customers, and for people whom the bank does not
// know.
var (
	areas = []string{
		"202", "206", "212", "213", "303", "305", "312", "404", "415", "503", "602", "617", "702", "713",
	}
	strangersAreas = []string{"804", "808", "816", "818", "901", "904", "913", "915", "916", "918", "919", "925", "937"}
)

var (
	firstNames = []string{"Ann", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gil", "Hope", "Ian", "Joy", "Kim", "Lea", "Max"}
	lastNames  = []string{"Archer", "Baker", "Carter", "Draper", "Fisher", "Gardner", "Hunter", "Mason", "Potter"}
	words      = []string{
		"anchor", "bottle", "candle", "dolphin", "engine", "feather", "guitar", "hammer", "island", "jacket", "kitchen",
	}
)

// moreCustomers is how many customers the demo adds: the same number for each kind of caller.
var moreCustomers = len(areas) * 100 / len(kinds) * len(kinds)

// another is the nth customer that the demo adds. It calls as kinds[n % len(kinds)] does.
func another(n int) customer {
	c := customer{
		"id":         fmt.Sprintf("C-%d", 2001+n),
		"name":       firstNames[n%len(firstNames)] + " " + lastNames[n/len(firstNames)%len(lastNames)],
		"phones":     fmt.Sprintf("+1%s55501%02d", areas[n/100], n%100),
		"account":    fmt.Sprint(200000 + n),
		"pin":        fmt.Sprintf("%06d", 271829+n*311),
		"passphrase": words[n%11] + " " + words[(n/11+3)%11] + " " + words[(n/121+7)%11],
		"language":   "en",
	}
	if kinds[n%len(kinds)].who == inGerman {
		c["language"] = "de"
	}
	return c
}

// household is somebody else with the telephone of another(n), where that calls from a shared number.
func household(n int) (customer, bool) {
	c := customer{
		"id": fmt.Sprintf("C-%d", 5001+n), "name": "Somebody at home", "phones": another(n)["phones"],
		"account": fmt.Sprint(300000 + n), "language": "en",
	}
	return c, kinds[n%len(kinds)].who == sharedNumber
}

// allCustomers are the columns and rows of the CSV, with the customers that the demo adds.
func allCustomers() (rows [][]string, err error) {
	if rows, err = csv.NewReader(bytes.NewReader(Customers)).ReadAll(); err != nil {
		return nil, err
	}
	columns := rows[0]
	add := func(c customer) {
		row := make([]string, len(columns))
		for column, cell := range c {
			row[slices.Index(columns, column)] = cell
		}
		rows = append(rows, row)
	}
	for n := range moreCustomers {
		add(another(n))
		if c, shares := household(n); shares {
			add(c)
		}
	}
	return rows, nil
}

// keyed is a telephone number as a caller keys it.
func keyed(phone string) string { return strings.TrimPrefix(phone, "+") }
