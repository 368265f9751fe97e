"""A grammar of PTX instructions, written from the PTX manual and not from the simulator's table.

A line is `name suffixes | operands`. Suffixes: `{a,b}` one of them, `[a,b]` one or none, a bare word
is that word; `$set` names a set. Operands:
    d destination   s source (register or constant)   r source register   of the last type, or of
      the type behind the colon: `:u32`, `:w` (twice as wide), `:0` (the first type)
    dp, dpq destination predicates   p source predicate   i:N..M a constant in the range
    g h l k c addresses in global, shared, local, parameter, constant memory   m an mbarrier
    V destination vector, W source vector of as many elements as .v2, .v4, .v8 say
    anything else stands for itself
Most instructions that come out are legal; some modifiers are dropped, swapped, doubled or added.
"""

import dataclasses
import re

SETS = {
    "int": "u16,s16,u32,s32,u64,s64", "rnd": "rn,rz,rm,rp", "irnd": "rni,rzi,rmi,rpi", "half": "f16,f16x2",
    "bhalf": "bf16,bf16x2", "b": "b16,b32,b64", "cmp": "eq,ne,lt,le,gt,ge,lo,ls,hi,hs",
    "fcmp": "eq,ne,lt,le,gt,ge,equ,neu,ltu,leu,gtu,geu,num,nan", "bool": "and,or,xor",
    "any": "b16,b32,b64,u16,u32,u64,s16,s32,s64,f32,f64", "scope": "cta,cluster,gpu,sys",
    "mem": "b8,b16,b32,b64,u8,u16,u32,u64,s8,s16,s32,s64,f32,f64", "cvt": "u8,u16,u32,u64,s8,s16,s32,s64,f16,bf16,f32,f64",
    "evict": "L1::evict_normal,L1::evict_unchanged,L1::evict_first,L1::evict_last,L1::no_allocate",
    "prefetch": "L2::64B,L2::128B,L2::256B",
}

GRAMMAR = """
add {$int,u16x2,s16x2} | d,s,s
add sat s32 | d,s,s
add [$rnd] [ftz] [sat] f32 | d,s,s
add [$rnd] f64 | d,s,s
add [rn] [ftz] [sat] {$half} | d,s,s
add [rn] {$bhalf} | d,s,s
add [$rnd] [ftz] f32x2 | d,r,r
add [$rnd] [sat] f32 {f16,bf16} | d:f32,r,s:f32
sub {$int} | d,s,s
sub sat s32 | d,s,s
sub [$rnd] [ftz] [sat] f32 | d,s,s
sub [$rnd] f64 | d,s,s
sub [rn] [ftz] [sat] {$half} | d,s,s
sub [rn] {$bhalf} | d,s,s
sub [$rnd] [ftz] f32x2 | d,r,r
mul {lo,hi} {$int} | d,s,s
mul wide {u16,s16,u32,s32} | d:w,s,s
mul [$rnd] [ftz] [sat] f32 | d,s,s
mul [$rnd] f64 | d,s,s
mul [rn] [ftz] [sat] {$half} | d,s,s
mul [rn] {$bhalf} | d,s,s
mad {lo,hi} {$int} | d,s,s,s
mad wide {u16,s16,u32,s32} | d:w,s,s,s:w
mad hi sat s32 | d,s,s,s
mad {$rnd} [ftz] [sat] f32 | d,s,s,s
mad {$rnd} f64 | d,s,s,s
fma {$rnd} [ftz] [sat] f32 | d,s,s,s
fma {$rnd} f64 | d,s,s,s
fma rn [ftz] [sat,relu] {$half} | d,s,s,s
fma rn [relu] {$bhalf} | d,s,s,s
fma {$rnd} [ftz] f32x2 | d,r,r,r
fma {$rnd} [sat] f32 {f16,bf16} | d:f32,r,r,s:f32
mul24 {lo,hi} {u32,s32} | d,s,s
mad24 {lo,hi} {u32,s32} | d,s,s,s
mad24 hi sat s32 | d,s,s,s
sad {$int} | d,s,s,s
div {$int} | d,s,s
rem {$int} | d,s,s
div {approx,full,$rnd} [ftz] f32 | d,s,s
div {$rnd} f64 | d,s,s
abs {s16,s32,s64,f64} | d,s
abs [ftz] {f32,$half} | d,s
abs {$bhalf} | d,s
neg {s16,s32,s64,f64} | d,s
neg [ftz] {f32,$half} | d,s
neg {$bhalf} | d,s
min {$int,u16x2,f64} | d,s,s
min [relu] {s16x2,s32} | d,s,s
min [ftz] [NaN] [xorsign.abs] {f32,$half} | d,s,s
min [NaN] [xorsign.abs] {$bhalf} | d,s,s
min [ftz] [NaN] [abs] f32 | d,s,s,s
max {$int,u16x2,f64} | d,s,s
max [relu] {s16x2,s32} | d,s,s
max [ftz] [NaN] [xorsign.abs] {f32,$half} | d,s,s
max [NaN] [xorsign.abs] {$bhalf} | d,s,s
max [ftz] [NaN] [abs] f32 | d,s,s,s
popc {b32,b64} | d:u32,s
clz {b32,b64} | d:u32,s
bfind [shiftamt] {u32,u64,s32,s64} | d:u32,s
fns b32 | d,s,s:b32,s:s32
brev {b32,b64} | d,s
bfe {u32,u64,s32,s64} | d,s,s:u32,s:u32
bfi {b32,b64} | d,s,s,s:u32,s:u32
bmsk {clamp,wrap} b32 | d,s,s
szext {clamp,wrap} {u32,s32} | d,s,s:u32
dp4a {u32,s32} {u32,s32} | d,s,s,s
dp2a {lo,hi} {u32,s32} {u32,s32} | d,s,s,s
add cc {u32,s32,u64,s64} | d,s,s
addc [cc] {u32,s32,u64,s64} | d,s,s
sub cc {u32,s32,u64,s64} | d,s,s
subc [cc] {u32,s32,u64,s64} | d,s,s
mad {lo,hi} cc {u32,s32,u64,s64} | d,s,s,s
madc {lo,hi} [cc] {u32,s32,u64,s64} | d,s,s,s
testp {finite,infinite,number,notanumber,normal,subnormal} {f32,f64} | dp,s
copysign {f32,f64} | d,s,s
rcp {approx,$rnd} [ftz] f32 | d,s
rcp {$rnd} f64 | d,s
rcp approx ftz f64 | d,s
sqrt {approx,$rnd} [ftz] f32 | d,s
sqrt {$rnd} f64 | d,s
rsqrt approx [ftz] {f32,f64} | d,s
sin approx [ftz] f32 | d,s
cos approx [ftz] f32 | d,s
lg2 approx [ftz] f32 | d,s
ex2 approx [ftz] f32 | d,s
ex2 approx {$half} | d,s
ex2 approx ftz {$bhalf} | d,s
tanh approx {f32,$half,$bhalf} | d,s
set {$cmp} {u32,s32,f32} {$int} | d:0,s,s
set {$fcmp} [ftz] {u32,s32,f32} {f32,f64} | d:0,s,s
set {$fcmp} {$bool} [ftz] {u32,s32,f32} {f32,f64} | d:0,s,s,p
set {$fcmp} [ftz] {u16,s16,u32,s32,f16} f16 | d:0,s,s
set {$fcmp} f16x2 f16x2 | d:0,s,s
setp {$cmp} {b16,b32,b64,$int} | dpq,s,s
setp {$cmp} {$bool} {b16,b32,b64,$int} | dpq,s,s,p
setp {$fcmp} [ftz] {f32,f64,f16} | dpq,s,s
setp {$fcmp} {$bool} [ftz] {f32,f64,f16} | dpq,s,s,p
setp {$fcmp} bf16 | dpq,s,s
setp {$fcmp} [ftz] {f16x2,bf16x2} | dp2,s,s
selp {$any} | d,s,s,p
slct {$any} s32 | d:0,s:0,s:0,s
slct [ftz] {$any} f32 | d:0,s:0,s:0,s
and {pred} | dp,p,p
and {$b} | d,s,s
or {pred} | dp,p,p
or {$b} | d,s,s
xor {pred} | dp,p,p
xor {$b} | d,s,s
not {pred} | dp,p
not {$b} | d,s
cnot {$b} | d,s
lop3 b32 | d,s,s,s,i:0..255
lop3 {or,and} b32 | dx,s,s,s,i:0..255,p
shf {l,r} {clamp,wrap} b32 | d,s,s,s:u32
shl {$b} | d,s,s:u32
shr {$b,$int} | d,s,s:u32
prmt b32 [f4e,b4e,rc8,ecl,ecr,rc16] | d,s,s,s
mov {$any} | d,s
mov {u32,b32} | d,sreg
cvt [$irnd,$rnd] [ftz] [sat] {$cvt} {$cvt} | d:0,r
cvt {rn,rz} [relu] [satfinite] {f16,bf16,tf32} f32 | d:0,s
cvt rna [satfinite] tf32 f32 | d:0,s
cvt {rn,rz} [relu] [satfinite] {f16x2,bf16x2} f32 | d:0,s,s
cvt rn satfinite [relu] {e4m3x2,e5m2x2} f32 | d:0,s,s
cvt rn satfinite [relu] {e4m3x2,e5m2x2} f16x2 | d:0,r
cvt rn [relu] f16x2 {e4m3x2,e5m2x2} | d:0,r
cvt.pack sat {u16,s16} s32 | d:b32,s,s
cvt.pack sat {u8,s8,u4,s4,u2,s2} s32 b32 | d:b32,s:s32,s:s32,s:b32
ld [weak,volatile] [global] [$prefetch] {$mem} | d,g
ld {relaxed,acquire} {$scope} [global] [$evict] [$prefetch] {$mem} | d,g
ld [weak] [global] [ca,cg,cs,lu,cv] [$prefetch] {$mem} | d,g
ld global [ca,cg,cs] nc [$evict] [$prefetch] {$mem} | d,g
ld [weak] global [$evict] [$prefetch] {v2,v4} {b8,u16,b32,f32,u64,f64} | V,g
ld global v8 {b32,f32,u32} | V,g
ld [weak,volatile] {shared,shared::cta} [v2,v4] {b8,s8,b16,u16,s32,f32} | V,h
ld {relaxed,acquire} {$scope} shared {b32,u64,f32} | d,h
ld {local} [v2,v4] {b8,u32,f32} | V,l
ld {const} [v2] {b8,u32,s16} | V,c
ld param {u32,b32,s32,f32} | d,k
ldu [global] {$mem} | d,g
st [weak,volatile] [global] [wb,cg,cs,wt] {$mem} | g,r
st {relaxed,release} {$scope} [global] [$evict] {$mem} | g,r
st [weak] global [$evict] {v2,v4} {b8,u16,b32,f32} | g,W
st [weak,volatile] shared [v2,v4] {b8,b16,u32,f32} | h,W
st local [v2,v4] {b8,u32,f32} | l,W
atom [relaxed,acquire,release,acq_rel] [$scope] [global] {and,or,xor} {b32,b64} | d,g,s
atom [relaxed,acquire,release,acq_rel] [$scope] [global] {exch} {b32,b64} | d,g,s
atom [relaxed,acquire,release,acq_rel] [$scope] [global] cas {b16,b32,b64} | d,g,s,s
atom [relaxed,acquire,release,acq_rel] [$scope] [global] add {u32,s32,u64,f32,f64} | d,g,s
atom [relaxed,acquire,release,acq_rel] [$scope] shared {min,max} {u32,s32,u64,s64} | d,h,s
atom [$scope] [global] {inc,dec} u32 | d,g,s
atom [global] add noftz {$half,$bhalf} | d,g,r
atom shared add noftz {$half,$bhalf} | d,h,r
atom [global] {add,min,max} noftz {v2,v4} {f16,bf16} | V,g,W
atom [global] add {v2,v4} f32 | V,g,W
red [relaxed,release] [$scope] [global] {and,or,xor} {b32,b64} | g,s
red [relaxed,release] [$scope] [global] add {u32,s32,u64,f32,f64} | g,s
red [relaxed,release] [$scope] shared {min,max} {u32,s32,u64,s64} | h,s
red [global] {inc,dec} u32 | g,s
red [global] add noftz {$half,$bhalf} | g,r
shfl.sync {up,down,bfly,idx} b32 | dx,s,s:u32,s:u32,-1
vote.sync {all,any,uni} pred | dp,p,-1
vote.sync ballot b32 | d,p,-1
match.any.sync {b32,b64} | d:b32,s,-1
match.all.sync {b32,b64} | dx:b32,s,-1
activemask b32 | d
redux.sync {add,min,max} {u32,s32} | d,s,-1
redux.sync {and,or,xor} b32 | d,s,-1
elect.sync | dx:b32,-1
bar.warp.sync | -1
bar [cta] sync | i:0..15
barrier [cta] sync [aligned] | i:0..15
bar [cta] red popc u32 | d,i:0..15,p
bar [cta] red {and,or} pred | dp,i:0..15,p
membar {cta,gl,sys} |
fence [sc,acq_rel,acquire,release] {$scope} |
fence {proxy.alias,proxy.async,proxy.async.global,proxy.async.shared::cta} |
prefetch [global,local] {L1,L2} | g
prefetchu L1 | g
prefetch global {L2::evict_last,L2::evict_normal} | g
createpolicy fractional {L2::evict_last,L2::evict_normal,L2::evict_first} b64 | d
createpolicy cvt.L2 b64 | d,i:0..9
isspacep {global,const,local,shared,shared::cta,shared::cluster} | dp,r:u64
cvta [to] {global,local,shared,const} u64 | d,r
mapa [shared::cluster] {u32} | d,r,s:u32
getctarank [shared::cluster] {u32} | d:u32,r
nanosleep u32 | s
cp.async ca {shared,shared::cta} global [$prefetch] | h,g,{4,8,16}
cp.async cg shared global [$prefetch] | h,g,16
cp.async.commit_group |
cp.async.wait_group | i:0..3
cp.async.wait_all |
pmevent | i:0..15
griddepcontrol {launch_dependents,wait} |
setmaxnreg {inc,dec} sync aligned u32 | {24,64,232}
ldmatrix sync aligned m8n8 {x1,x2,x4} [trans] {shared,shared::cta} b16 | M,h
stmatrix sync aligned m8n8 {x1,x2,x4} [trans] {shared,shared::cta} b16 | h,N
movmatrix sync aligned m8n8 trans b16 | d:b32,r:b32
mbarrier.init [shared,shared::cta] b64 | m,i:1..9
mbarrier.inval [shared,shared::cta] b64 | m
mbarrier.arrive [release,relaxed] [cta,cluster] [shared,shared::cta] b64 | d,m
mbarrier.arrive expect_tx [release,relaxed] [cta,cluster] [shared::cta] b64 | d,m,s:u32
mbarrier.test_wait [acquire,relaxed] [cta,cluster] [shared,shared::cta] b64 | dp,m,r
mbarrier.try_wait parity [acquire,relaxed] [cta,cluster] [shared,shared::cta] b64 | dp,m,s:u32
mbarrier.pending_count b64 | d:u32,r
vadd {u32,s32} {u32,s32} {u32,s32} [sat] | d:b32,r:b32,r:b32
vabsdiff4 {u32,s32} {u32,s32} {u32,s32} [sat,add] | d:b32,r:b32,r:b32,r:b32
tcgen05.fence {before_thread_sync,after_thread_sync} |
exit |
ret [uni] |
brkpt |
trap |
"""

TYPE = re.compile(r"pred|[busf](8|16|32|64)(x2)?|[us]4|[us]2|bf16(x2)?|tf32|e[45]m[23]x2")
WIDTHS = {"pred": 1, "e4m3x2": 16, "e5m2x2": 16, "tf32": 32, "f32x2": 64}
WORDS = sorted({word for line in GRAMMAR.split("\n") for part in line.split("|")[0].split()[1:]
                for word in part.strip("{}[]").split(",") if word and word[0] != "$"}
               | {word for words in SETS.values() for word in words.split(",")})


def width(type_):
    """Bits of the narrowest register that holds the type."""
    if type_ in WIDTHS:
        return WIDTHS[type_]
    if type_.endswith("x2"):
        return 32
    return max(16, int(type_.lstrip("bufs")))


@dataclasses.dataclass
class Instruction:
    head: str           # name with suffixes
    operands: list      # as text; registers carry their width: %a32
    sources: list       # (register's letter, type) of sources that are registers; constants by value
    result: str | None  # type of %d; "pred" for %q
    mutated: bool
    loose: bool = False # some register has not the width of its type

    @property
    def text(self):
        return f"{self.head} {', '.join(self.operands)};" if self.operands else f"{self.head};"


LINES = [line for line in GRAMMAR.strip().split("\n")]


def expand(part):
    """The words of `{a,$set}`."""
    words = []
    for word in part.strip("{}[]").split(","):
        words += SETS[word[1:]].split(",") if word.startswith("$") else [word]
    return words


def is_type(word):
    return TYPE.fullmatch(word) is not None


class Generator:
    def __init__(self, draw):
        self.draw = draw

    def suffixes(self, text):
        words = []
        for part in text.split():
            if part[0] == "[" and self.draw.random() < 0.55:
                continue
            words.append(self.draw.choice(expand(part)))
        return words

    def mutate(self, words):
        """One modifier dropped, doubled, swapped with another, exchanged or added."""
        kind, at = self.draw.randrange(5), self.draw.randrange(len(words) + 1)
        if kind == 0 and words:
            del words[min(at, len(words) - 1)]
        elif kind == 1 and words:
            words.insert(at, self.draw.choice(words))
        elif kind == 2 and len(words) > 1:
            i, j = self.draw.sample(range(len(words)), 2)
            words[i], words[j] = words[j], words[i]
        elif kind == 3 and words:
            words[min(at, len(words) - 1)] = self.draw.choice(WORDS)
        else:
            words.insert(at, self.draw.choice(WORDS))

    def constant(self, type_):
        draw = self.draw
        if type_ in ("f32", "tf32"):
            return f"0f{draw.getrandbits(32):08x}" if draw.random() < 0.7 else f"{draw.uniform(-4, 4):.3f}"
        if type_ == "f64":
            return f"0d{draw.getrandbits(64):016x}" if draw.random() < 0.7 else f"{draw.uniform(-4, 4):.3f}"
        bits = width(type_)
        value = draw.choice((0, 1, 2, -1, 31, 5, 100, draw.getrandbits(min(bits, 31))))
        if value < 0 and type_[0] in "ub" and draw.random() < 0.5:
            value = 7
        return draw.choice((str(value), hex(value), str(value)))

    def next(self):
        draw = self.draw
        line = draw.choice(LINES)
        head, _, operands = line.partition("|")
        name, _, rest = head.strip().partition(" ")
        words = self.suffixes(rest)
        mutated = draw.random() < 0.3
        if mutated:
            self.mutate(words)
        types = [w for w in words if is_type(w)] or ["b32"]
        made = Instruction(".".join([name, *words]), [], [], None, mutated)
        vector = next((int(w[1]) for w in words if w in ("v2", "v4", "v8")), 1)
        letters = iter("abce")
        for operand in filter(None, operands.strip().replace("{", " {").split(",") if "{" not in operands else
                              split_operands(operands.strip())):
            made.operands.append(self.operand(operand.strip(), types, words, vector, letters, made))
        if draw.random() < 0.06 and made.operands:  # a register of the wrong width
            i = draw.randrange(len(made.operands))
            if made.operands[i][:2] in ("%a", "%b", "%d") and made.operands[i][2:].isdigit():
                made.operands[i] = made.operands[i][:2] + draw.choice(("16", "32", "64"))
                made.mutated = made.loose = True
        if draw.random() < 0.1:
            made.head = draw.choice(("@%p ", "@!%p ")) + made.head
        return made

    def type_of(self, spec, types):
        if not spec:
            return types[-1]
        if spec == "0":
            return types[0]
        if spec == "w":
            return {"u16": "u32", "s16": "s32", "u32": "u64", "s32": "s64"}.get(types[-1], types[-1])
        return spec

    def operand(self, operand, types, words, vector, letters, made):
        draw = self.draw
        kind, _, spec = operand.partition(":")
        addresses = {"g": "[%g{}]", "h": "[%s{}]", "l": "[%l{}]", "k": "[k_0]", "c": "[constants{}]",
                     "m": "[%m]"}
        if kind in addresses:
            generic = kind == "h" and not any(w.startswith("shared") for w in words)
            offset = draw.choice(("", "", "+16", "+32", "+-0")) if kind in "ghl" else ""
            return "[%g]" if generic else addresses[kind].format(offset)
        if kind == "i":
            low, high = map(int, spec.split(".."))
            return str(draw.randint(low, high))
        if kind.startswith("{"):
            return draw.choice(kind.strip("{}").split(";"))
        if kind in ("V", "W", "M", "N"):
            return self.vector(kind, types[-1], vector, words)
        if kind in ("dp", "dpq", "dp2"):
            pair = kind == "dp2" or (kind == "dpq" and draw.random() < 0.4)
            made.result = "pred"
            return "%q|%r" if pair else "%q"
        if kind == "p":
            return draw.choice(("%p", "%p", "!%p"))
        type_ = self.type_of(spec, types)
        if kind in ("d", "dx"):
            made.result = type_
            return f"%d{width(type_)}" + ("|%q" if kind == "dx" and draw.random() < 0.5 else "")
        if kind == "sreg":
            return draw.choice(("%tid.x", "%ntid.y", "%laneid", "%ctaid.x", "%nctaid.z", "%lanemask_lt", "%clock",
                                "%smid", "%warpid", "%gridid", "%clock64", "%globaltimer", "%nwarpid"))
        if kind not in ("s", "r"):
            return operand
        if kind == "s" and draw.random() < 0.25 and width(type_) > 1 and type_[-2:] != "x2" and "f16" not in type_:
            made.sources.append((made_constant := self.constant(type_), type_))
            return made_constant
        letter = next(letters)
        made.sources.append((letter, type_))
        return f"%{letter}{width(type_)}"

    def vector(self, kind, type_, count, words):
        if kind in "MN":
            count = next((int(w[1]) for w in words if w in ("x1", "x2", "x4")), 1)
            return "{" + ", ".join(f"%v{i}" for i in range(count)) + "}"
        registers = [f"%w{width(type_)}_{i}" for i in range(count)]
        return "{" + ", ".join(registers) + "}" if count > 1 else registers[0]


def split_operands(text):
    """At commas outside of braces; choices inside of them are parted by semicolons."""
    parts, depth, current = [], 0, ""
    for character in text:
        depth += (character == "{") - (character == "}")
        if character == "," and not depth:
            parts.append(current)
            current = ""
        else:
            current += ";" if character == "," else character
    return [*parts, current]
