package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"countersign/backend/endpoint"
	"countersign/session/event"
)

// chatwoot writes onto the customer's contact what is proven, as custom attributes, which agents see beside each
// conversation. The url is that of an account, https://chatwoot.example/api/v1/accounts/1; the contact is the one whose
// identifier is the customer's id. Doing it twice changes nothing, and what comes late does not replace what is newer.
type chatwoot struct{ *Hook }

func (c chatwoot) facts() []event.Fact {
	return []event.Fact{event.FactIdentified, event.FactVerified, event.FactFailed}
}

// contact is what of a contact is written.
type contact struct {
	Inbox      int               `json:"inbox_id,omitempty"`
	Identifier string            `json:"identifier,omitempty"`
	Name       string            `json:"name,omitempty"`
	Attributes contactAttributes `json:"custom_attributes"`
}

// contactAttributes are the attributes of ours. Chatwoot keeps all others.
type contactAttributes struct {
	Status  event.Status `json:"countersign_status"`
	Level   int          `json:"countersign_level"`
	Methods string       `json:"countersign_methods"`
	Reason  event.Reason `json:"countersign_reason"`
	Call    string       `json:"countersign_call"`
	Time    time.Time    `json:"countersign_time"`
}

func (c chatwoot) deliver(ctx context.Context, e event.Event) error {
	write := contact{Attributes: contactAttributes{Call: e.Call, Time: e.Time.UTC().Truncate(time.Second)}}
	var customer string
	switch d := e.Data.(type) {
	case event.Identified:
		customer, write.Name = d.Customer, d.Name
		write.Attributes.Status, write.Attributes.Level, write.Attributes.Methods = d.Status, d.Level, string(d.Method)
	case event.Verified:
		customer, write.Name = d.Customer, d.Name
		write.Attributes.Status, write.Attributes.Level = d.Status, d.Level
		write.Attributes.Methods = joined(d.Methods)
	case event.Failed:
		customer = d.Customer
		write.Attributes.Status, write.Attributes.Level, write.Attributes.Reason = d.Status, d.Level, d.Reason
	}
	if customer == "" {
		return nil // nobody to write it onto
	}
	id, newest, err := c.find(ctx, e, customer)
	switch {
	case err != nil:
		return err
	case newest.After(write.Attributes.Time):
		return nil
	case id == 0 && c.settings.Inbox == 0:
		return nil
	case id == 0:
		write.Inbox, write.Identifier = c.settings.Inbox, customer
		return c.write(ctx, e, http.MethodPost, "/contacts", write)
	}
	write.Name = "" // theirs may be better
	return c.write(ctx, e, http.MethodPut, "/contacts/"+strconv.FormatInt(id, 10), write)
}

// find looks for the contact of a customer, and of when it tells; 0 if there is none.
func (c chatwoot) find(ctx context.Context, e event.Event, customer string) (id int64, newest time.Time, err error) {
	type condition struct {
		Key      string   `json:"attribute_key"`
		Operator string   `json:"filter_operator"`
		Values   []string `json:"values"`
	}
	body, err := json.Marshal(map[string][]condition{"payload": {{"identifier", "equal_to", []string{customer}}}})
	if err != nil {
		return 0, newest, err
	}
	err = c.send(ctx, request{
		operation: "find the contact", method: http.MethodPost, target: c.path("/contacts/filter"), id: e.MessageID(),
		contentType: "application/json", body: body,
	}, func(got *endpoint.Reply) error {
		list := gjson.GetBytes(got.Body, "payload")
		switch {
		case got.Status/100 != 2:
			return refused(got.Status)
		case !list.IsArray():
			return errors.New("the answer has no list of contacts: check url, .../api/v1/accounts/1")
		}
		list.ForEach(func(_, one gjson.Result) bool {
			if one.Get("identifier").Str == customer { // filters do not tell capitals apart
				id, newest = one.Get("id").Int(), one.Get("custom_attributes."+chatwootTime).Time()
			}
			return id == 0
		})
		return nil
	})
	return id, newest, err
}

func (c chatwoot) write(ctx context.Context, e event.Event, method, path string, what contact) error {
	body, err := json.Marshal(what)
	if err != nil {
		return fmt.Errorf("write the contact: %w", err)
	}
	return c.send(ctx, request{
		operation: "write the contact", method: method, target: c.path(path), id: e.MessageID(),
		contentType: "application/json", body: body,
	}, nil)
}

// chatwootTime is the attribute with the time of the others.
const chatwootTime = "countersign_time"

func (c chatwoot) path(below string) string { return strings.TrimSuffix(c.target, "/") + below }

func joined(methods []event.Method) string {
	words := make([]string, len(methods))
	for i, m := range methods {
		words[i] = string(m)
	}
	return strings.Join(words, ", ")
}

func (c chatwoot) test(ctx context.Context) error {
	_, _, err := c.find(ctx, sample(c.options.Now(), event.Failed{}), sampleCustomer)
	return err
}
