// <input type="hidden" data-behaviour="scripted">: tells the server that the next page can watch work while it is done.
export default (input) => {
  input.value = "1";
};
