"""What people get wrong in a config, and what they are told: (text, parts in their order)."""

TOP = "cameras:\n  top:\n    source: synthetic\n"
LIVE = "cameras:\n  top:\n    source: 0\n"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n"
    for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)

# name: (text, parts of the message in their order)
CASES = {
    "unknown key": (
        TOP + "    pixel_fromat: gray8\n",
        ["x.yaml:4: cameras.top.pixel_fromat: unknown key; did you mean pixel_format?"],
    ),
    "unknown top key": (
        TOP + "recroding: {}\n",
        ["x.yaml:4: recroding: unknown key; did you mean recording?"],
    ),
    "unknown key without a value": (
        TOP + "    pixel_fromat:\n",
        ["x.yaml:4: cameras.top.pixel_fromat: unknown key"],
    ),
    "unknown, nothing near": (
        TOP + "zzzzzzz: 1\n",
        ["x.yaml:4: zzzzzzz: unknown key; known: cameras, buffer"],
    ),
    "key in the wrong place": (
        TOP + "    codec: fast\n",
        ["x.yaml:4: cameras.top.codec:", "did you mean recording.codec?"],
    ),
    "common key, unknown": (
        TOP + "buffer:\n  memry: 1\n",
        ["x.yaml:5: buffer.memry: unknown key; did you mean memory?"],
    ),
    "own key, unknown": (
        TOP + "    buffer:\n      memry: 1\n",
        ["x.yaml:5: cameras.top.buffer.memry:", "memory?"],
    ),
    "option, unknown": (
        TOP + "    options: {patern: ramp}\n",
        ["x.yaml:4: cameras.top.options.patern:", "pattern?"],
    ),
    "key that is no word": (
        TOP + '    "a\\nb": 1\n',
        ["x.yaml:4: cameras.top.'a\\nb': unknown key"],
    ),
    "wrong type": (
        TOP + "    fps: fast\n",
        ["x.yaml:4: cameras.top.fps: 'fast': accepted: frames per second, more than 0, or max"],
    ),
    "quoted number": (TOP + "    fps: '30'\n", ["cameras.top.fps: '30': accepted"]),
    "number for a text": (
        TOP + "recording:\n  codec: 1\n",
        ["x.yaml:5: recording.codec: 1: accepted: a text"],
    ),
    "yes for true": (
        TOP + "    strict: yes\n",
        ["x.yaml:4: cameras.top.strict: 'yes': accepted: true or false"],
    ),
    "true for a number": (TOP + "    fps: true\n", ["cameras.top.fps: true: accepted"]),
    "true for rotate": (
        TOP + "    rotate: true\n",
        ["cameras.top.rotate: true: accepted: 0, 90, 180, 270"],
    ),
    "sexagesimal": (
        TOP + "recording: {duration: 1:30}\n",
        ["recording.duration: 1:30: not understood; accepted: 90 or 90s"],
    ),
    "a list for keys": (
        TOP + "buffer: [1]\n",
        ["x.yaml:4: buffer: [1]: accepted: keys with values"],
    ),
    "camera without keys": (
        "cameras:\n  top:\n",
        ["x.yaml:2: cameras.top: nothing: accepted: keys with values"],
    ),
    "cameras as a list": (
        "cameras:\n  - source: 0\n",
        ["x.yaml:1: cameras: [{'source': 0}]: accepted: keys with values"],
    ),
    "nearest value": (
        TOP + "    flip: horizontl\n",
        [
            "cameras.top.flip: 'horizontl': accepted: none, horizontal, vertical, both; ",
            "did you mean horizontal?",
        ],
    ),
    "bad pattern": (
        TOP + "    options: {pattern: scen}\n",
        ["cameras.top.options.pattern:", "did you mean scene?"],
    ),
    "negative frame number": (
        TOP + "    options: {fail_at: -1}\n",
        ["cameras.top.options.fail_at: -1: greater than or equal to 0"],
    ),
    "rgb8": (TOP + "    pixel_format: rgb8\n", ["'rgb8': accepted: gray8, gray16, bgr8"]),
    "size of one number": (
        TOP + "    size: [640]\n",
        ["cameras.top.size: [640]: accepted: [width, height]"],
    ),
    "size as text": (
        TOP + "    size: 640x480\n",
        ["cameras.top.size: '640x480': accepted: [width, height]"],
    ),
    "size of nothing": (
        TOP + "    size: [0, 480]\n",
        ["cameras.top.size: [0, 480]: width and height are at least 1"],
    ),
    "half pixels": (TOP + "    size: [640.5, 480]\n", ["cameras.top.size: [640.5, 480]: accepted"]),
    "crop of nothing": (
        TOP + "    crop: [0, 0, 0, 1]\n",
        ["cameras.top.crop: [0, 0, 0, 1]: width and height"],
    ),
    "negative crop": (
        TOP + "    crop: [-1, 0, 1, 1]\n",
        ["cameras.top.crop: [-1, 0, 1, 1]: accepted: [x, y, width, height]"],
    ),
    "crop outside": (
        TOP + "    size: [64, 48]\n    crop: [1, 0, 64, 48]\n",
        ["x.yaml:5: cameras.top.crop: [1, 0, 64, 48]: ends at 65, 48, outside the size of 64x48"],
    ),
    "no frames per second": (TOP + "    fps: 0\n", ["cameras.top.fps: 0: accepted"]),
    "endless fps": (TOP + "    fps: .inf\n", ["cameras.top.fps: '.inf': accepted"]),
    "duration of nothing": (
        TOP + "recording: {duration: 0s}\n",
        ["recording.duration: 0s: must be more than 0"],
    ),
    "size in G": (
        TOP + "buffer: {memory: 1G}\n",
        ["buffer.memory: 1G: unknown unit G; accepted: 256MiB"],
    ),
    "too few frames": (
        TOP + "    size: [1280, 720]\n    pixel_format: bgr8\nbuffer: {memory: 1MiB}\n",
        [
            "x.yaml:6: buffer.memory: 1MiB hold 0 frames",
            "at least 4 are needed: set buffer.memory to 11MiB",
        ],
    ),
    "no source": ("cameras:\n  top: {fps: 30}\n", ["x.yaml:2: cameras.top.source: missing"]),
    "source of nothing": (
        TOP.replace("synthetic", "''"),
        ["x.yaml:3: cameras.top.source: '': accepted: synthetic, a number"],
    ),
    "negative source": (TOP.replace("synthetic", "-1"), ["cameras.top.source: '-1': accepted"]),
    "source of two": (
        TOP.replace("synthetic", "{name: a, serial: b}"),
        ["cameras.top.source: name, serial: accepted: either {name: …} or {serial: …}"],
    ),
    "no cameras": ("buffer: {}\n", ["x.yaml:1: cameras: missing"]),
    "empty cameras": ("cameras: {}\n", ["x.yaml:1: cameras: empty"]),
    "camera name": (
        "cameras:\n  a/b: {source: 0}\n",
        ["x.yaml:2: cameras.'a/b': a camera's name has letters, digits, - and _"],
    ),
    "camera without a name": (
        "cameras:\n  '': {source: 0}\n",
        ["x.yaml:2: cameras.'': a camera's name has letters, digits, - and _"],
    ),
    "name inside": (
        TOP + "    name: side\n",
        ["x.yaml:4: cameras.top.name: a camera's name is its key"],
    ),
    "options of a real camera": (
        LIVE + "    options: {seed: 1}\n",
        ["x.yaml:4: cameras.top.options: only the synthetic camera has options"],
    ),
    "a live camera waits": (
        LIVE + "    buffer: {when_full: wait}\n",
        ["x.yaml:4: cameras.top.buffer.when_full: wait: a live camera cannot be asked to wait"],
    ),
    "all live cameras wait": (
        LIVE + "buffer: {when_full: wait}\n",
        ["x.yaml:4: buffer.when_full: wait: a live camera"],
    ),
    "live at max": (
        LIVE + "    fps: max\n",
        ["x.yaml:4: cameras.top.fps: max: a live camera sets its own pace"],
    ),
    "setting in capitals": (
        TOP + "    settings: {CAP_PROP_GAIN: 1}\n",
        ["cameras.top.settings.CAP_PROP_GAIN:", "did you mean gain?"],
    ),
    "setting without a value": (
        TOP + "    settings: {gain: }\n",
        ["cameras.top.settings.gain: no value"],
    ),
    "setting of a list": (
        TOP + "    settings: {gain: [1]}\n",
        ["cameras.top.settings.gain: [1]: accepted: a text, a number"],
    ),
    "metadata of a list": (
        TOP + "metadata:\n  a: [1]\n",
        ["x.yaml:5: metadata.a: [1]: accepted: a text, a number, true or false"],
    ),
    "half a character": (TOP + 'metadata: {a: "\\ud800"}\n', ["x.yaml:4: half a character"]),
    "half a character in a key": (TOP + '"\\ud800": 1\n', ["x.yaml:4: half a character"]),
    "placeholder": (
        TOP + "recording:\n  name: '{camra}'\n",
        ["x.yaml:5: recording.name: {camra}: no such placeholder; did you mean {camera}?"],
    ),
    "placeholder of metadata": (
        TOP + "recording: {name: '{subjct}'}\nmetadata: {subject: 1}\n",
        ["x.yaml:4: recording.name:", "did you mean {subject}?"],
    ),
    "own placeholder": (
        TOP + "    recording:\n      name: '{x}'\n",
        ["x.yaml:5: cameras.top.recording.name: {x}: no such"],
    ),
    "folder in the name": (
        TOP + "recording: {name: 'a/b'}\n",
        ["recording.name: 'a/b': '/' cannot be in a file name; folders go into recording.folder"],
    ),
    "folder in metadata": (
        TOP + "recording: {name: '{s}'}\nmetadata: {s: a/b}\n",
        ["recording.name: 'a/b': '/' cannot"],
    ),
    "name with bad camera": (
        TOP + "    fps: 0\nrecording: {name: '{x}'}\n",
        ["x.yaml:4: cameras.top.fps", "x.yaml:5: recording.name: {x}"],
    ),
    "empty folder": (
        TOP + "recording: {folder: ''}\n",
        ["recording.folder: '': accepted: a folder"],
    ),
    "second camera": (
        TOP + "  side: {flip: none}\n",
        ["x.yaml:4: cameras.side.source: missing"],
    ),
    "segment": (
        TOP + "recording:\n  segment: 10mn\n",
        ["x.yaml:5: recording.segment: 10mn: not understood", "10min", "2GB", "1000 frames"],
    ),
    "segments too short": (
        TOP + "recording:\n  segment: 0.5\n",
        ["x.yaml:5: recording.segment: 0.5: a file lasts at least 1 s"],
    ),
    "segments too small": (
        TOP + "recording:\n  segment: 10KB\n",
        ["x.yaml:5: recording.segment: 10KB: a file holds at least 1MiB"],
    ),
    "own times in hdf5": (
        TOP + "recording:\n  format: hdf5\n  times: own\n",
        ["x.yaml:6: recording.times: own: hdf5 has no times but those of the ledger"],
    ),
    "own times of a file": (
        TOP.replace("synthetic", "clip.mkv") + "    recording: {times: own}\n",
        ["x.yaml:4: cameras.top.recording.times: own: these frames come as fast as they are read"],
    ),
    "own times as fast as possible": (
        TOP + "    fps: max\nrecording: {times: own}\n",
        ["x.yaml:5: recording.times: own: these frames come as fast as they are read"],
    ),
    "own times above 1000 fps": (
        TOP + "    fps: 1200\nrecording: {times: own}\n",
        ["x.yaml:5: recording.times: own: 1200 fps, and times are whole"],
    ),
    "retention without segments": (
        TOP + "recording:\n  retention: {age: 3d}\n",
        ["x.yaml:5: recording.retention: needs recording.segment"],
    ),
    "retention of less than two segments": (
        TOP + "recording:\n  segment: 1GB\n  retention: {size: 1GB}\n",
        ["x.yaml:6: recording.retention.size: 1GB: less than two segments of 1GB"],
    ),
    "retention, unknown": (
        TOP + "recording:\n  segment: 1GB\n  retention: {agee: 1d}\n",
        ["x.yaml:6: recording.retention.agee: unknown key; did you mean age?"],
    ),
    "hours": (
        TOP + "schedule: {hours: 25:00-1:00}\n",
        ["x.yaml:4: schedule.hours: '25:00-1:00': accepted: a part of the day"],
    ),
    "too often": (TOP + "schedule: {every: 1s}\n", ["x.yaml:4: schedule.every: at least 10s"]),
    "repeats, of what": (
        TOP + "schedule: {start: 2026-12-01, repeats: 3}\n",
        ["x.yaml:4: schedule.repeats: needs hours, weekdays or every"],
    ),
    "every, for how long": (
        TOP + "schedule: {every: 10min}\n",
        ["x.yaml:4: schedule.every: needs recording.duration"],
    ),
    "every, and still recording": (
        TOP + "schedule: {every: 10min}\nrecording: {duration: 10min}\n",
        ["x.yaml:4: schedule.every: must be longer than recording.duration, 10min"],
    ),
    "weekday": (
        TOP + "schedule: {weekdays: [mon, foo]}\n",
        ["x.yaml:4: schedule.weekdays: 'foo': accepted: mon, tue"],
    ),
    "time zone": (
        TOP + "schedule: {timezone: Mars}\n",
        ["x.yaml:4: schedule.timezone: 'Mars': no such time zone"],
    ),
    "moment": (
        TOP + "schedule: {start: tomorrow}\n",
        ["x.yaml:4: schedule.start: 'tomorrow': accepted: a date and a time"],
    ),
    "ends before it begins": (
        TOP + "schedule: {start: 2026-11-27 08:00, until: 2026-11-26}\n",
        ["x.yaml:4: schedule.until: must be later than start"],
    ),
    "hook as a line": (
        TOP + "hook: {command: ls -l}\n",
        ["x.yaml:4: hook.command: 'ls -l': accepted: a list of a program and its arguments"],
    ),
    "hook for what": (
        TOP + "hook: {on: [boot]}\n",
        ["x.yaml:4: hook.on: ['boot']: accepted: a list of start, segment, failure, end"],
    ),
    "port": (
        TOP + "metrics: {port: 0}\n",
        ["x.yaml:4: metrics.port: 0: accepted: a whole number, 1 to 65535"],
    ),
    "key of another section": (
        TOP + "metrics: {file: x}\n",
        ["x.yaml:4: metrics.file: unknown key; did you mean log.file?"],
    ),
    "unknown format": (
        TOP + "recording:\n  format: hdf\n",
        ["x.yaml:5: recording.format: 'hdf'", "video, hdf5"],
    ),
    "on_failure": (
        TOP + "    on_failure: ignore\n",
        ["x.yaml:4: cameras.top.on_failure: 'ignore'", "restart, stop, leave"],
    ),
    "duplicate key": (
        TOP + "    fps: 3\n    flip: none\n    fps: 4\n",
        ["x.yaml:6: cameras.top.fps: given twice; the first is in line 4"],
    ),
    "duplicate camera": (
        TOP + "  top: {source: 0}\n",
        ["x.yaml:4: cameras.top: given twice; the first is in line 2"],
    ),
    "empty": ("", ["x.yaml: empty; the least is cameras: {top: {source: synthetic}}"]),
    "only a comment": ("# nothing\n", ["x.yaml: empty"]),
    "a list": ("- 1\n", ["x.yaml: no keys with values"]),
    "a word": ("synthetic\n", ["x.yaml: no keys with values"]),
    "tab": (TOP + "\tfps: 3\n", ["x.yaml:4: a tab; YAML wants spaces"]),
    "tab before a value": (TOP + "    fps:\t30\n    \tflip: none\n", ["a tab; YAML wants spaces"]),
    "tag": (
        TOP + "    fps: !!python/object/apply:os.system [ls]\n",
        ["x.yaml:4: tag !!python/object/apply:os.system: a config is plain data"],
    ),
    "harmless tag": (TOP + "    fps: !!int '3'\n", ["x.yaml:4: tag !!int: a config is plain data"]),
    "two documents": (TOP + "---\n" + TOP, ["x.yaml:4: a second document begins here"]),
    "bomb": (BOMB, ["more than 10000 values, aliases filled in"]),
    "endless alias": ("a: &a [*a]\n", ["x.yaml:1: nested more than 20 levels deep"]),
    "deep nesting": ("[" * 100_000, ["x.yaml:1: nested more than 20 levels deep"]),
    "many values": ("a: [" + "x, " * 20_000 + "]\n", ["more than 10000 values"]),
    "unknown alias": ("a: *b\n", ["x.yaml:1: not YAML: found undefined alias 'b'"]),
    "metadata without a key": (TOP + 'metadata: {"": 1}\n', ["x.yaml:4: metadata: a key without"]),
    "unclosed": ("cameras: {top: [\n", ["x.yaml:", "not YAML:"]),
    "control character": (TOP + "    fps: \0\n", ["x.yaml:4: character 0: not allowed in YAML"]),
    "absurd escape": ('a: "\\UFFFFFFFF"\n', ["x.yaml", "not YAML"]),
    "absurd version": ("%YAML " + "9" * 5000 + ".1\n---\na: 1\n", ["x.yaml", "not YAML"]),
    "list as a key": ("? [a]\n: 1\n", ["x.yaml:1: a key must be a single word"]),
    "merge key": (TOP + "    <<: {fps: 3}\n", ["x.yaml:4: cameras.top.'<<': unknown key"]),
    "long value": (TOP + f"    fps: {'x' * 5000}\n", ["cameras.top.fps: 'xxx", "...: accepted"]),
    "camera called buffer": (
        "cameras:\n  buffer: {source: 0, memory: 1}\n",
        ["x.yaml:2: cameras.buffer.memory: unknown key; did you mean buffer.memory?"],
    ),
}

# name: (overrides, parts of the message)
OVERRIDES = {
    "no value": (["subject"], ["--set subject: wants KEY=VALUE"]),
    "no key": (["=3"], ["--set =3: wants KEY=VALUE"]),
    "empty part": (["cameras..fps=3"], ["--set cameras..fps=3: wants KEY=VALUE"]),
    "a section": (
        ["buffer={}"],
        ["--set buffer={}: a whole section; name a key in it: buffer.…=…"],
    ),
    "unknown section": (
        ["bufer.memory=1GiB"],
        ["--set bufer.memory=1GiB: bufer: unknown key; did you mean buffer?"],
    ),
    "unknown key": (
        ["recording.codek=x"],
        ["--set recording.codek=x: recording.codek: unknown key; did you mean codec?"],
    ),
    "unknown camera": (
        ["cameras.tpo.fps=3"],
        ["--set cameras.tpo.fps=3: no camera tpo; did you mean top?"],
    ),
    "wrong value": (
        ["cameras.top.fps=fast"],
        ["--set cameras.top.fps=fast: cameras.top.fps: 'fast': accepted"],
    ),
    "wrong inside": (
        ["cameras.top.options={seed: -1}"],
        ["--set cameras.top.options={seed: -1}: cameras.top.options.seed: -1"],
    ),
    "below a value": (
        ["cameras.top.source.x=3"],
        ["--set cameras.top.source.x=3: cameras.top.source has no keys below it"],
    ),
    "not YAML": (["cameras.top.size=[640"], ["--set cameras.top.size=[640: the value: not YAML"]),
    "duplicate": (["cameras.top.settings={a: 1, a: 2}"], ["--set", "given twice"]),
    "too deep": (["a.b.c.d.e.f.g=1"], ["no key is 7 levels deep"]),
    "two at once": (["a", "cameras.top.fps=0"], ["--set a:", "--set cameras.top.fps=0:"]),
}
