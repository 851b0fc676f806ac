import time, collections, os, random
from graphql import build_schema
from schema.build import sdl
from tests.builders.scene import set_scene, ROLES, GUEST
from tests.builders.junk import Junk, document
from tests.builders.buyers import broken
from tests.builders.scene import good_inputs as known
import schema.core.errors as E, traceback
async def test_all(shop, client):
    scene = await set_scene(shop)
    schema = build_schema(sdl())
    bugs = collections.OrderedDict(); codes = collections.Counter(); ok=collections.Counter()
    class Log:
        def error(self, ev, **k):
            tb = traceback.extract_tb(k["exc_info"].__traceback__)
            where = [f for f in tb if "/work/main/" in f.filename][-1:] 
            key = (type(k["exc_info"]).__name__, str(k["exc_info"])[:80], str([(f.filename[11:], f.lineno) for f in where]))
            bugs.setdefault(key, []).append(cur)
    E.log = Log()
    seed = int(os.environ.get("SEED", "1"))
    junk = Junk(seed, known(scene))
    tokens = [scene.access(r) for r in ROLES]
    t0 = time.time(); n = 0
    bad=[]
    for kind, root in (("query", schema.query_type), ("mutation", schema.mutation_type)):
        for i in range(int(os.environ.get("N","20"))):
            for name, field in root.fields.items():
                v = junk.values(field.args)
                cur = (name, repr(v)[:300])
                a = await client.execute(document(kind, name, field, schema), v, token=junk.any_of([*tokens,*[scene.access('admin')]*6])); n += 1
                for e in a.errors: codes[e["extensions"].get("code")] += 1
                if not a.errors and kind=="mutation":
                    for e in (list(a.data.values())[0] or {}).get("errors", []): codes["p:"+e["code"]] += 1
                    if not list(a.data.values())[0]["errors"]: ok[name]+=1
                if a.status >= 500: bad.append((a.status, cur, a.errors))
        print(kind, n, time.time() - t0)
    print(codes); print("accepted", ok)
    for k, v in bugs.items(): print(len(v), k, "\n     ", v[0])
    for b in bad[:5]: print("BAD", b)
    print("audit", await broken(shop))
