// Light or dark: what the system asks for, until the button is pressed.

export function themeButton(button) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const show = () => {
    const theme = document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light");
    button.textContent = theme === "dark" ? "Light" : "Dark";
    return theme;
  };
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = show() === "dark" ? "light" : "dark";
    show();
  });
  dark.addEventListener("change", show);
  show();
}
