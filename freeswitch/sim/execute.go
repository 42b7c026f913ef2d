package sim

import (
	"strconv"
	"strings"
	"time"
)

// application is an application of the simulated FreeSWITCH.
type application struct {
	run     func(c *call, data string)
	noMedia bool // runs without media, before the call is answered
	zombie  bool // runs after the hangup
}

var applications map[string]application

func init() {
	applications = map[string]application{ // a variable's initialiser would refer to itself
		"answer":                 {run: func(c *call, _ string) { c.answer() }, noMedia: true},
		"pre_answer":             {run: func(c *call, _ string) { c.preAnswer() }, noMedia: true},
		"playback":               {run: (*call).playback},
		"play_and_get_digits":    {run: (*call).playAndGetDigits},
		"read":                   {run: (*call).read},
		"play_and_detect_speech": {run: (*call).playAndDetectSpeech},
		"detect_speech":          {run: (*call).detectSpeech},
		"execute_extension":      {run: (*call).executeExtension, noMedia: true},
		"sleep":                  {run: (*call).sleep, noMedia: true},
		"set":                    {run: (*call).set, noMedia: true, zombie: true},
		"unset":                  {run: func(c *call, name string) { c.vars.unset(name) }, noMedia: true, zombie: true},
		"multiset":               {run: (*call).multiset, noMedia: true, zombie: true},
		"multiunset":             {run: (*call).multiunset, noMedia: true, zombie: true},
		"export":                 {run: (*call).export, noMedia: true, zombie: true},
		"flush_dtmf":             {run: func(c *call, _ string) { c.keys = nil }, noMedia: true},
		"sched_transfer":         {run: (*call).schedule, noMedia: true},
		"sched_cancel":           {run: (*call).cancel, noMedia: true},
		"transfer":               {run: (*call).transferApp, noMedia: true},
		"hangup":                 {run: (*call).hangupApp, noMedia: true},
		"start_dtmf":             {run: func(c *call, _ string) { c.tones = true }},
		"stop_dtmf":              {run: func(c *call, _ string) { c.tones = false }},
		"record_session":         {run: (*call).recordSession},
		"record_session_mask":    {run: func(c *call, path string) { c.maskRecording(path, true) }},
		"record_session_unmask":  {run: func(c *call, path string) { c.maskRecording(path, false) }},
		"stop_record_session":    {run: (*call).stopRecording},
		"park":                   {run: (*call).parkApp, noMedia: true},
		"callcenter":             {run: (*call).callcenter},
		"socket":                 {run: (*call).socket, noMedia: true},
		"log":                    {run: func(*call, string) {}, noMedia: true, zombie: true},
		"eval":                   {run: func(*call, string) {}, noMedia: true, zombie: true},
	}
}

// commands runs the queued commands in order (switch_ivr_parse_all_events). An application with event-lock holds back
// the rest.
func (c *call) commands() {
	for len(c.queue) > 0 && !c.locked {
		c.runNext()
		c.hidden(1)
	}
}

// runNext is switch_ivr_parse_event for the first command in the queue.
func (c *call) runNext() {
	cmd := c.queue[0]
	c.queue = c.queue[1:]
	held := c.holding
	c.holding = false
	defer func() { c.holding = held }()
	if truth(cmd.header("event-lock")) {
		c.locked = true
		defer func() { c.locked = false }()
	}
	switch cmd.header("call-command") {
	case "execute":
		c.executeLoops(&cmd)
	case "hangup":
		c.hangup(causeName(cmd.header("hangup-cause")), false)
	}
}

func (c *call) executeLoops(cmd *command) {
	app, arg, loops := cmd.header("execute-app-name"), cmd.header("execute-app-arg"), 1
	if app == "" {
		return
	}
	if arg == "" && strings.EqualFold(cmd.header("content-type"), "text/plain") {
		arg = cmd.body
	}
	if h := cmd.header("loops"); h != "" {
		loops = atoi(h)
	}
	for n := 1; n <= loops || loops < 0; n++ {
		began := c.now()
		if uuid := cmd.header("event-uuid"); uuid != "" {
			c.vars.set("app_uuid", uuid)
		}
		c.vars.set("current_loop", strconv.Itoa(n))
		c.vars.set("total_loops", strconv.Itoa(loops))
		// FreeSWITCH stops the loop after an application of less than half a second: it would spin.
		if !c.execute(app, arg, cmd.header("event-uuid-name")) || !c.ready() || c.now().Sub(began) < 500*time.Millisecond {
			break
		}
	}
	c.vars.unset("current_loop")
	c.vars.unset("total_loops")
}

// execute runs an application and fires its events (switch_core_session_execute_application). An unknown application
// ends the call.
func (c *call) execute(name, arg, uuidName string) bool {
	app, ok := applications[name]
	switch {
	case !ok && c.cause == "":
		c.leave(HungUp, "the service asked for the application "+strconv.Quote(name)+", which FreeSWITCH does not have")
		c.hangup("DESTINATION_OUT_OF_ORDER", false)
		return false
	case !ok, c.cause != "" && !app.zombie:
		return false
	}
	if !app.noMedia && !c.media() {
		c.preAnswer()
	}
	uuid := c.vars.get("app_uuid")
	if uuid == "" {
		uuid = newUUID()
	}
	c.vars.unset("app_uuid")
	data := c.vars.expand(arg)
	c.vars.set("current_application", name)
	c.vars.set("current_application_data", data)
	c.vars.unset("current_application_response")
	c.lastApp = Action{name, data}
	c.fire(channelExecute, header{"Application", name}, header{"Application-Data", data}, header{"Application-UUID", uuid},
		header{"Application-UUID-Name", uuidName})
	c.vars.again("current_application")
	app.run(c, data)
	response := c.vars.get("current_application_response")
	if response == "" {
		response = "_none_"
	}
	c.fire(channelComplete, header{"Application", name}, header{"Application-Data", data},
		header{"Application-Response", response}, header{"Application-UUID", uuid},
		header{"Application-UUID-Name", uuidName})
	return true
}

// spend lets an application's time pass until done returns true or the watch shows until. Commands that were sent
// without event-lock run meanwhile.
func (c *call) spend(until time.Time, done func() bool) {
	for {
		c.wait(until, !c.holding, func() bool { return done() || len(c.queue) > 0 && !c.locked && c.cause == "" })
		if done() || len(c.queue) == 0 || c.locked {
			return
		}
		if c.holding {
			c.frame()
		}
		c.commands()
	}
}

// media reports whether media flows.
func (c *call) media() bool { return !c.profile.answered.IsZero() || !c.profile.media.IsZero() }

func (c *call) answer() {
	if !c.profile.answered.IsZero() || c.cause != "" {
		return
	}
	if early := c.media(); early {
		c.vars.set("rtp_local_sdp_str", c.leg.localSDP(c.profile.arrived.Unix()-20000))
	} else {
		c.mediaUp()
	}
	c.profile.answered = c.now()
	c.profileChanged()
	c.state.answer = "answered"
	c.fire(channelAnswer)
	c.vars.set("endpoint_disposition", "ANSWER")
	c.hidden(1)
	c.state.call = "ACTIVE"
	c.ackDue = true
	if c.wire.open {
		c.result.Times.Answer = c.sw.now().Sub(c.wire.started)
	}
}

// preAnswer starts early media.
func (c *call) preAnswer() {
	if c.media() || c.cause != "" {
		return
	}
	c.mediaUp()
	c.vars.set("endpoint_disposition", "EARLY MEDIA")
	c.profile.media = c.now()
	c.profileChanged()
	c.state.answer = "early"
	c.fire(channelMedia)
	c.hidden(1)
	c.state.call = "EARLY"
}
