"""Annotated pages of the site, and the equations on them."""

import ast
import html
import re

import pytest

from reproductions.site import annotated, equations, formulas


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "W_{k,p}[p, q] = max_T  E_p[T(x)] - k E_r[|grad T(x)|^p]         (9)",
            r"W_{k,p}[p,\ q]\ =\ \max _{T} \quad E_{p}[T(x)]\ -\ k\ E_{r}[|\nabla \ T(x)|^{p}] \qquad \text{(9)}",
        ),
        (
            "T = argmax_{|w| <= clip}  T(x)   (2), (3)",
            r"T\ =\ \arg\max _{|w|\ \le \ \text{clip} } \quad T(x) \qquad \text{(2), (3)}",
        ),
        (
            "f_j = sum_i q_ij   (3), if `one_sided`",
            r"f_{j}\ =\ \sum _{i}\ q_{ij} \qquad \text{(3)}\ \text{if one\_sided}",
        ),
        ("E_Q[e^(T - f(x))]", r"E_{Q}[e^{T\ -\ f(x)}]"),
        ("p~(x) = N(x; F^-1(z), sigma_2²)", r"\tilde p(x)\ =\ N(x;\ F^{-1}(z),\ \sigma _{2}^2)"),
        (
            "KL(p(y|z) || q(y)) ]   (iii) balances the clusters",
            r"\mathrm{KL} (p(y|z)\ \,\|\,\ q(y))\ ] \quad \text{(iii) balances the clusters}",
        ),
        ("-log q(x|z)   (i)    keeps it", r"-\log \ q(x|z) \quad \text{(i)} \quad \text{keeps} \ \text{it} "),
        ("real_fake:  T(x_r,i) * 2", r"\text{real\_fake:} \quad T(x_{r,i})\ \cdot \ 2"),
        ("log |det dF(v)/du|", r"\log \ |\det \ dF(v)/du|"),
    ],
)
def test_an_equation_in_tex(line, expected):
    assert equations.row(line) == expected


def test_rows_keep_their_indentation():
    assert equations.to_tex(["    a = b", "        + c"]).splitlines()[2:4] == [r"a\ =\ b \\", r"\quad+\ c"]


def test_every_loss_of_the_posts_has_a_page():
    expected = {"wgan_div", "wgan_gp", "wgan", "gan", "rsgan", "f_gan", "vae", "vae_mutual_information", "deep_infomax"}
    assert expected | {"glow", "f_vae", "clustering_vae"} <= {path.stem for path in annotated.modules()}


def test_a_page_leads_to_what_was_measured():
    found = {path.stem: annotated.page(path) for path in annotated.modules()}
    assert "\n\nWhat was measured with it: [RSGAN](../reproductions/rsgan.md).\n\n" in found["rsgan"]
    assert "(../reproductions/f_vae.md)" in found["vae"] and "(../reproductions/vae_clustering.md)" in found["vae"]
    assert "[FVAE](f_vae.md)" in found["gan"] and "(gan.md)" not in found["gan"]
    assert "../reproductions/" not in found["gan"]  # which is only compared with


def _as_written(page):
    """A page with its formulas as the source has them, which is in their titles."""
    return re.sub(
        r'<span class="formula" title="([^"]*)">\$[^$]+\$</span>',
        lambda found: html.escape(html.unescape(found[1]), quote=False),
        page,
    )


@pytest.mark.parametrize("path", annotated.modules(), ids=lambda path: path.stem)
def test_a_page_has_every_line_of_the_methods(path):
    page, source = _as_written(annotated.page(path)), path.read_text(encoding="utf-8")
    assert page.count("$$") >= 2 and page.count("$$") % 2 == 0
    shown = {line.strip() for block in re.findall(r"```python\n(.*?)\n```", page, re.S) for line in block.split("\n")}
    for one in ast.parse(source).body:
        if not isinstance(one, ast.ClassDef):
            continue
        for method in one.body:
            if isinstance(method, ast.FunctionDef) and method.name not in annotated.LEFT_OUT:
                statements = method.body[1:] if ast.get_docstring(method) else method.body
                lines = source.splitlines()[statements[0].lineno - 1 : method.end_lineno] if statements else []
                assert {line.strip() for line in lines} <= shown, method.name
                assert (ast.get_docstring(method) or "").split("\n")[0].split("`")[0].split("*")[0].replace(
                    ">", "&gt;"
                ) in page


def test_where_a_docstring_says_how_to_call_it_ends():
    text = "A sum.\n\n    s = sum_i x_i\n\n>>> s(1)\n1\n\nArgs:\n    x: A number."
    assert annotated.notes(text).startswith("A sum.\n\n$$") and "Args" not in annotated.notes(text)
    assert ">>>" not in annotated.notes(text)


def test_code_in_a_docstring_is_no_equation():
    text = "Do this:\n\n    model.compile(\n        keras.optimizers.Adam())\n\nNot this:\n\n    a = f(x)"
    code = "Do this:\n\n```python\nmodel.compile(\n    keras.optimizers.Adam())\n```\n\nNot this:\n\n$$"
    assert annotated.notes(text).startswith(code)
    for path in annotated.modules():
        tex = re.findall(r"\$\$.*?\$\$", annotated.page(path), re.S)
        assert not [equation for equation in tex if "keras." in equation], path.stem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-E_z[T(G(z))] (11).", r"[-E_{z}[T(G(z))]] (11)."),
        ("q(z|y) = N(mu_y, I), shape [n, dim]", r"[q(z|y)\ =\ N(\mu _{y},\ I)], shape [n, dim]"),
        ("at z = F_x(u); nats", r"at [z\ =\ F_{x}(u)]; nats"),
        ("the |G(v) - x|²/(2 sigma_2²) of x", r"the [|G(v)\ -\ x|^2/(2\ \sigma _{2}^2)] of [x]"),
        ("k E_r[|grad T(x)|^p] of a batch", r"[k\ E_{r}[|\nabla \ T(x)|^{p}]] of a batch"),
        ("E_q(z)[log T(z)]", r"[E_{q}(z)[\log \ T(z)]]"),
        ("f-GAN, `T(x)`, Student's own, (i) A 1x1 one", "f-GAN, `T(x)`, Student's own, (i) A 1x1 one"),
        ("broken T(x and *names", r"broken T([x] and \*names"),
    ],
)
def test_formulas_amid_words(text, expected):
    found = formulas.with_formulas(text)
    assert re.sub(r'<span class="formula" title="[^"]*">\$(.+?)\$</span>', r"[\1]", found) == expected
    assert _as_written(found) == text.replace("*", r"\*")


def test_beside_a_method_stand_the_equations_that_it_names():
    page = annotated.page(next(path for path in annotated.modules() if path.stem == "wgan_div"))
    rows = page.split('<div class="annotated"')
    (critic,) = [row for row in rows if "def discriminator_terms" in row]
    note, _ = critic.split('<div class="lines"')
    assert note.count(r"\arg\max") == note.count(r"\arg\min") == 1  # both lines of (11)
    assert note.count(r"W_{k,p}") == 1  # (9), which a comment names
    assert re.search(r"^- `penalty`: <span class=\"formula\" [^>]*>\$k\\ E_\{r\}", note, re.M)


def test_an_equation_of_several_lines_is_found_by_its_number():
    text = "A loss.\n\n    a = b      (1)\n    c = d\n      + e    (2, 3)\n\n    f = (4) g"
    expected = {"1": "    a = b      (1)", **dict.fromkeys("23", "    c = d\n      + e    (2, 3)")}
    assert annotated.numbered_equations(text) == expected
