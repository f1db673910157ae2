"""Files of applications, as documentation of their frameworks shows them."""

FLASK = "from flask import Flask\napp = Flask(__name__)\n\n@app.get('/')\ndef index():\n    return 'served by Flask'\n"
NODE = (
    "const express = require('express');\nconst app = express();\n"
    "app.get('/', (request, response) => response.send('served by Express'));\napp.listen(process.env.PORT);\n"
)
PACKAGE = (
    '{"name": "app", "version": "1.0.0", "scripts": {"start": "node index.js"}, '
    '"dependencies": {"express": "^4.21.0"}%s}\n'
)
POETRY = (
    '[tool.poetry]\nname = "app"\nversion = "0.1.0"\ndescription = ""\nauthors = ["A <a@example.org>"]\n'
    "package-mode = false\n\n"
    '[tool.poetry.dependencies]\npython = "^3.11"\nflask = "^3.0"\n'
)
PIPFILE = (
    '[[source]]\nurl = "https://pypi.org/simple"\nverify_ssl = true\nname = "pypi"\n\n[packages]\nflask = "*"\n\n'
    '[dev-packages]\npytest = "*"\n'
)
PROJECT = '[project]\nname = "app"\nversion = "0.1.0"\nrequires-python = ">=3.11"\ndependencies = ["%s"]\n'
FASTAPI = (
    "from fastapi import FastAPI\nfrom .words import WORD\napp = FastAPI()\n\n"
    "@app.get('/')\ndef index():\n    return WORD\n"
)
STARLETTE = (
    "from starlette.applications import Starlette\nfrom starlette.responses import PlainTextResponse\n"
    "from starlette.routing import Route\n\n\nasync def homepage(request):\n"
    "    return PlainTextResponse('served by Starlette')\n\n\n"
    "app = Starlette(debug=True, routes=[Route('/', homepage)])\n"
)
GRADIO = (
    "import gradio as gr\n\n\ndef greet(name):\n    return 'Hello ' + name + '!'\n\n\n"
    "demo = gr.Interface(fn=greet, inputs='text', outputs='text')\n"
    "if __name__ == '__main__':\n    demo.launch()\n"
)
PANEL = "import panel as pn\n\npn.extension()\npn.panel('hello').servable()\n"
QUART = (
    "from quart import Quart\n\napp = Quart(__name__)\n\n\n@app.get('/')\nasync def index():\n"
    "    return 'served by Quart'\n\n\nif __name__ == '__main__':\n    app.run()\n"
)
LITESTAR = (
    "from litestar import Litestar, get\n\n\n@get('/')\nasync def index() -> str:\n"
    "    return 'served by Litestar'\n\n\napp = Litestar([index])\n"
)
FALCON = (
    "import falcon\n\n\nclass Page:\n    def on_get(self, request, response):\n"
    "        response.text = 'served by Falcon'\n\n\napp = falcon.App()\napp.add_route('/', Page())\n"
)
HONO = (
    '{"name": "app", "type": "module", "scripts": {"build": "tsc", "start": "node dist/index.js"}, '
    '"dependencies": {"hono": "^4.0.0", "@hono/node-server": "^1.0.0"}, '
    '"devDependencies": {"typescript": "^5.0.0", "@types/node": "^20.0.0"}}\n'
)
TYPESCRIPT = (
    '{"compilerOptions": {"target": "ESNext", "module": "NodeNext", "strict": true, "skipLibCheck": true, '
    '"types": ["node"], "outDir": "./dist"}, "exclude": ["node_modules"]}\n'
)
HONO_CODE = (
    "import { serve } from '@hono/node-server'\nimport { Hono } from 'hono'\n\nconst app = new Hono()\n"
    "app.get('/', (context) => context.text('served by Hono'))\n"
    "serve({ fetch: app.fetch, port: Number(process.env.PORT) })\n"
)
ASTRO = (
    '{"name": "app", "type": "module", "scripts": {"dev": "astro dev", "build": "astro build"}, '
    '"dependencies": {"astro": "^5.0.0"}}\n'
)
WAGTAIL = "set -xe; python manage.py migrate --noinput; gunicorn shop.wsgi:application"  # as its Dockerfile says
NODE_RED = '{"name": "app", "scripts": {"start": "node-red --port $PORT"}, "dependencies": {"node-red": "^4.0.0"}}\n'
NUXT = (
    '{"name": "app", "private": true, "type": "module", "scripts": {"build": "nuxt build", "dev": "nuxt dev", '
    '"generate": "nuxt generate", "preview": "nuxt preview"}, "dependencies": {"nuxt": "^4.0.0", "vue": "^3.5.0"}}\n'
)
DJANGO_ON_HEROKU = """
ALLOWED_HOSTS = ["*"]
MIDDLEWARE.insert(1, "whitenoise.middleware.WhiteNoiseMiddleware")
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
"""
