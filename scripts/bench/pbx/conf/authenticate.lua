-- The call of countersign.yaml, as a script of mod_lua.
local prompts = session:getVariable("bench_prompts")
local pins = {}
for account, pin in session:getVariable("bench_table"):gmatch("(%d+)-(%d+)") do
  pins[account] = pin
end

local function ask(digits, prompt, name)
  return session:playAndGetDigits(digits, digits, 3, 5000, "", prompts .. prompt, "", "\\d+", name, 3000)
end

session:answer()
session:streamFile(prompts .. "/greeting.wav")
local account = ask(6, "/ask-account.wav", "account")
local pin = ask(4, "/ask-pin.wav", "pin")
if pin ~= "" and pins[account] == pin then
  session:streamFile(prompts .. "/confirmation.wav")
  session:transfer("menu", "XML", "default")
else
  session:transfer("agents", "XML", "default")
end
