package main

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"countersign/callback"
	"countersign/esl"
	"countersign/freeswitch"
	"countersign/internal/timezones"
	"countersign/session"
)

// callbacks are the parts of callbacks; nil if customers are not called back.
type callbacks struct {
	book    *callback.Book
	dialler *callback.Dialler
	alerts  *callback.Alerts // nil without
	telling sync.WaitGroup
}

// openCallbacks begins to know of callbacks, if the settings allow any.
func (s *service) openCallbacks() {
	if !s.cfg.Callbacks.on() {
		return
	}
	inForce := func() callbackSettings { return s.settings.get().Callbacks }
	book := callback.New(callback.Options{
		Store:     s.state.Customers(),
		Windows:   func() callback.Windows { return inForce().windows() },
		Capacity:  func() int { return inForce().Capacity },
		Countries: func() []string { return inForce().Countries },
		Ahead:     time.Duration(s.cfg.Callbacks.Ahead),
		Phones:    s.company.Phones, Secret: s.company.isSecret,
		Publish: s.state.Publish, Source: session.Source(s.cfg.Node), Rules: timezones.Version(),
		Changed: func(callback.Callback) {
			if s.live != nil {
				s.live.TellDesks()
			}
		},
		Now: time.Now, Log: s.log,
	})
	exchange := s.cfg.exchange
	if exchange == nil {
		exchange = freeswitch.NewCallbackCalls(freeswitch.CallbackCallOptions{
			Settings: func() freeswitch.CallbackSettings { return inForce().calls() },
			Servers:  s.cfg.eventSockets(), Listen: s.listener.Addr(),
		})
	}
	s.callbacks = &callbacks{book: book, dialler: callback.NewDialler(callback.DiallerOptions{
		Book: book, Process: uuid.NewString(), Node: s.cfg.Node, Switch: exchange,
		Turn: s.turn, Remind: s.remindOfCallback, RemindBefore: time.Duration(s.cfg.Callbacks.Remind),
		Now: time.Now, Log: s.log,
	})}
}

// answered takes the calls of customers whom we rang, and leaves all others.
func (s *service) answered(others esl.Handler) esl.Handler {
	if s.callbacks == nil {
		return others
	}
	return func(ctx context.Context, call session.Call, ch session.Channel) {
		if s.callbacks.dialler.Answered(ctx, call, ch, s.sounds.catalogue) {
			call.Token.Wipe()
			return
		}
		if call.Dialled == callback.KeepNumber {
			call.Token.Wipe()
			s.keepPlace(ctx, call, ch)
			return
		}
		others(ctx, call, ch)
	}
}

// keepPlace books a callback for a caller who leaves a queue.
func (s *service) keepPlace(ctx context.Context, call session.Call, ch session.Channel) {
	who, known, err := s.state.Calls().Recall(ctx, call.Earlier)
	if err != nil || !known {
		s.log.Warn("a caller who left a queue is not known, and goes on waiting", "queue", call.Queue, "err", err)
		return
	}
	language := ""
	if c, found, err := s.company.ByID(ctx, who.Customer); err == nil && found {
		language = c.Language
	}
	s.callbacks.book.Keep(ctx, call, who, language, ch, s.sounds.catalogue)
}

// turn says whether it would be the turn of somebody who left a queue.
func (s *service) turn(p callback.Place) (bool, error) {
	if s.waits == nil {
		return true, nil
	}
	ahead, known, watched := s.waits.Ahead(p.Queue, p.Joined)
	return !watched || known && !ahead, nil
}

// callBack calls customers back until ctx ends.
func (s *service) callBack(ctx context.Context) {
	all := newBackground()
	defer all.stop()
	all.run(func(ctx context.Context) { s.state.Customers().Follow(ctx, "countersign callbacks", s.callbacks.book) })
	if alerts := s.callbacks.alerts; alerts != nil {
		all.run(func(ctx context.Context) { s.state.Customers().Follow(ctx, "countersign alerts", alerts) })
		all.run(alerts.Run)
	}
	s.callbacks.dialler.Run(ctx)
	s.callbacks.telling.Wait()
}

// isSecret says whether a word is one of the customer's secrets.
func (c *companyNow) isSecret(ctx context.Context, customer string, word session.Secret) (bool, error) {
	directory := c.get().customers
	for kind, answer := range map[string]string{
		"pin": string(word.Reveal()), "passphrase": session.Words(string(word.Reveal())),
	} {
		secret := session.NewSecret([]byte(answer))
		known, err := directory.Check(ctx, customer, kind, secret)
		secret.Wipe()
		if known || err != nil {
			return known, err
		}
	}
	return false, nil
}

// callbackTexts are the messages about callbacks, by language.
var callbackTexts = map[string]map[string]string{
	"en": {
		"reminder": "{brand}We call you today at {time}, as you asked. Whoever calls knows your word; we never ask for your PIN.",
		"moved":    "{brand}Your callback is now on {date} at {time}.", "cancelled": "{brand}Your callback on {date} at {time} is cancelled.",
	},
	"de": {
		"reminder": "{brand}Wir rufen Sie heute um {time} Uhr an, wie gewünscht. Wer anruft, kennt Ihr Wort; nach Ihrer PIN fragen wir nie.",
		"moved":    "{brand}Ihr Rückruf ist jetzt am {date} um {time} Uhr.", "cancelled": "{brand}Ihr Rückruf am {date} um {time} Uhr ist abgesagt.",
	},
}

// tell tells a customer something in the background, while callBack runs.
func (c *callbacks) tell(s *service, about callback.Callback, what string) {
	c.telling.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), tellWithin)
		defer cancel()
		s.tellOfCallback(ctx, about, what)
	})
}

// tellWithin bounds a text message about a callback.
const tellWithin = 10 * time.Second

func (s *service) remindOfCallback(ctx context.Context, c callback.Callback) {
	s.tellOfCallback(ctx, c, "reminder")
}

// tellOfCallback sends a customer a text about their callback, if text messages are sent at all.
func (s *service) tellOfCallback(ctx context.Context, c callback.Callback, what string) {
	gateway := s.company.get().codes.gateway
	if gateway == nil {
		return
	}
	language, _, _ := strings.Cut(strings.ToLower(c.Language), "-")
	texts, ok := callbackTexts[language]
	if !ok {
		texts = callbackTexts["en"]
	}
	brand := s.settings.get().SMS.Brand
	if brand != "" {
		brand += ": "
	}
	zone, err := timezones.Load(c.TZ)
	if err != nil {
		zone = time.UTC
	}
	from := c.From.In(zone)
	date := from.Format("2006-01-02")
	if language == "de" {
		date = from.Format("02.01.2006")
	}
	text := strings.NewReplacer("{brand}", brand, "{time}", from.Format("15:04"), "{date}", date).Replace(texts[what])
	if err := gateway.Tell(ctx, c.Number, uuid.NewString(), session.NewSecret([]byte(text))); err != nil {
		s.log.Warn("a customer was not told about their callback", "callback", c.ID, "what", what, "err", err)
	}
}
