package demo

import (
	"strings"

	"countersign/backend"
	"countersign/backend/endpoint"
	"countersign/backend/stub"
	"countersign/session"
)

// startCRM starts a CRM with the sample customers.
func startCRM() (*server, error) {
	crm, err := sampleCRM()
	if err != nil {
		return nil, err
	}
	return startServer(crm)
}

func sampleCRM() (*stub.CRM, error) {
	rows, err := allCustomers()
	if err != nil {
		return nil, err
	}
	var customers []stub.Customer
	for _, row := range rows[1:] {
		cell := map[string]string{}
		for i, name := range rows[0] {
			cell[name] = row[i]
		}
		customers = append(customers, sampleCustomer(cell))
	}
	return stub.NewCRM("", customers), nil
}

func sampleCustomer(cell map[string]string) stub.Customer {
	c := stub.Customer{
		ID: cell["id"], Name: cell["name"], Language: cell["language"],
		Identifiers: map[string]string{}, Secrets: map[string]string{},
	}
	for number := range strings.SplitSeq(cell["phones"], ";") {
		c.Phones = append(c.Phones, stub.Phone{Number: number, Since: "2020-01-01"})
	}
	for kind, value := range map[string]string{"account": cell["account"], "tracking": cell["id:tracking"]} {
		if value != "" {
			c.Identifiers[kind] = value
		}
	}
	for kind, value := range map[string]string{
		"pin": cell["pin"], "birth_date": strings.ReplaceAll(cell["birth_date"], "-", ""),
		"passphrase": session.Words(cell["passphrase"]), "postcode": cell["fact:postcode"],
	} {
		if value != "" {
			c.Secrets[kind] = value
		}
	}
	return c
}

// crmSettings describe the CRM's requests: the first example of backend/README.md.
func crmSettings(url string) backend.Settings {
	find := func(query map[string]string) *backend.Lookup {
		return &backend.Lookup{Request: endpoint.Request{Path: "/customers", Query: query}, Customers: "customers"}
	}
	return backend.Settings{
		URL: url, Customer: backend.Fields{ID: "id", Name: "name", Language: "language", Enrolled: "secrets"},
		ByPhone:      find(map[string]string{"phone": "{{.Phone}}"}),
		ByIdentifier: find(map[string]string{"kind": "{{.Kind}}", "value": "{{.Value}}"}),
		ByID:         &backend.Lookup{Request: endpoint.Request{Path: "/customers/{{.Customer}}"}},
		Check: map[string]*backend.Check{"*": {
			Request: endpoint.Request{
				Path: "/customers/{{.Customer}}/check", Body: `{"kind": "{{.Kind}}", "answer": "{{.Answer}}"}`,
			},
			Verdict: endpoint.Verdict{OK: "valid"},
		}},
		Phones: &backend.Phones{
			Request: endpoint.Request{Path: "/customers/{{.Customer}}/phones"},
			Phones:  "phones", Number: "number", Since: "since",
		},
		AddPhone: &backend.Add{
			Request: endpoint.Request{Path: "/customers/{{.Customer}}/phones", Body: `{"number": "{{.Phone}}"}`},
		},
	}
}
